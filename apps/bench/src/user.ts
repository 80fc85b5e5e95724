/** Users of the benchmark have numbers, which become ids towards the targets. */

export function userIdOf(user: number): string {
  return `user-${user}`;
}

/** The user's topic, where events are published by MQTT. */
export function topicOf(userId: string): string {
  return `user/${userId}`;
}

/** The user's channel in Centrifugo: its namespace is `user`. */
export function channelOf(userId: string): string {
  return `user:${userId}`;
}

/** An event of the benchmark: its user, and its number among the user's events. */
export type EventId = readonly [user: number, seq: number];
