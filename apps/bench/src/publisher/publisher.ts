/** How events are published, for each target as a team that uses it would do. */
import type { Body } from "../body.ts";
import type { Token } from "../token.ts";

/** A connection of the publisher's process to one target. */
export interface Publisher {
  /** Publishes to one user. Where it answers a promise, that settles once the event is accepted or refused. */
  publish(userId: string, body: Body | Token): Promise<unknown> | void;
  /** Opens the text of a run of the user, where there is something better for it than one event a token. */
  openText?(userId: string): Promise<Text>;
  close(): Promise<void>;
}

/** A text that a user sees grow. */
export interface Text {
  write(token: string): void;
  /** Settles once all of it is accepted. */
  end(): Promise<void>;
}

/** Connects to Redis, or to servers where a target has its events published there. */
export type ConnectPublisher = (redisUrl: string, publishTo: readonly string[]) => Promise<Publisher>;
