/** How events are published, for each target as a team that uses it would do. */
import type { Body } from "../body.ts";

/** A connection of the publisher's process to one target. */
export interface Publisher {
  /** Publishes to one user. Where it answers a promise, that settles once the event is accepted or refused. */
  publish(userId: string, body: Body): Promise<unknown> | void;
  close(): Promise<void>;
}

export type ConnectPublisher = (redisUrl: string) => Promise<Publisher>;
