/**
 * Inbox: from messages of the hub to events of the application, each once, in offset order.
 *
 * It holds the offset of what was delivered here. What is not newer is dropped: after a reconnect the hub may send again what
 * this client has (it presents its ack, which can be behind). After a failover the hub goes back to what is acknowledged,
 * which is older than what came here; that is dropped by its id. A malformed event is reported and left out, the others
 * of its batch are delivered. The offset moves before an event's handlers run, so that `ack()` in a handler means that
 * event; saving it is the client's business, after the batch.
 */
import {
  compareOffsets,
  decodeEnvelope,
  DoorstepError,
  type Envelope,
  type Gap,
  maxOffset,
  type Offset,
} from "@doorstep/protocol";
import { type Report, toError } from "./emitter.ts";
import { RecentIds } from "./recent-ids.ts";

/** An event as handlers get it. */
export type Received<E> = E & {
  /** Whether it came with the catch-up of a connection: history must not ring. */
  readonly replayed: boolean;
};

/** Ephemeral ids that are remembered: a publisher whose answer was lost pushes the event again within seconds. */
const EPHEMERAL_IDS = 256;
/** Logged ids that are remembered: more than comes between two pings, which acknowledge, of a user with much to read. */
const LOGGED_IDS = 2_000;

export class Inbox {
  readonly #deliver: (event: Received<Envelope>) => void;
  readonly #report: Report;
  readonly #ephemeralIds = new RecentIds(EPHEMERAL_IDS);
  readonly #loggedIds = new RecentIds(LOGGED_IDS);
  #offset: Offset | undefined;

  constructor(deliver: (event: Received<Envelope>) => void, report: Report) {
    this.#deliver = deliver;
    this.#report = report;
  }

  /** The last offset delivered or skipped; undefined before the first. */
  get offset(): Offset | undefined {
    return this.#offset;
  }

  /** Moves on to `offset`, never back. */
  advance(offset: Offset): void {
    this.#offset = this.#offset === undefined ? offset : maxOffset(this.#offset, offset);
  }

  /**
   * Goes on from the end of a gap. That is a step back after a failover that lost what this client has seen: its log
   * goes on from there.
   */
  skip({ from, to, reason }: Gap): void {
    if (reason === "failover" || compareOffsets(to, from) < 0) this.#offset = to;
    else this.advance(to);
  }

  /** Delivers a batch of logged events; stops where `isCurrent` says that the application has left. */
  receive(batch: unknown, replayed: boolean, isCurrent: () => boolean): void {
    for (const event of this.#decode(batch)) {
      if (!isCurrent()) return;
      const { offset } = event;
      if (offset === undefined) {
        this.#report(new DoorstepError("INVALID_EVENT", `event ${event.id} came without an offset`));
      } else if (this.#offset === undefined || compareOffsets(offset, this.#offset) > 0) {
        this.#offset = offset;
        if (this.#loggedIds.add(event.id)) this.#deliver({ ...event, replayed });
      }
    }
  }

  /** Delivers a batch of ephemeral events: no offset, never replayed; one that came again lately is dropped by its id. */
  receiveEphemeral(batch: unknown, isCurrent: () => boolean): void {
    for (const event of this.#decode(batch)) {
      if (!isCurrent()) return;
      if (this.#ephemeralIds.add(event.id)) this.#deliver({ ...event, replayed: false });
    }
  }

  #decode(batch: unknown): Envelope[] {
    if (!Array.isArray(batch)) {
      this.#report(new DoorstepError("INVALID_EVENT", "a list of events was expected"));
      return [];
    }
    return batch.flatMap((item: unknown) => {
      try {
        return [decodeEnvelope(item)];
      } catch (error) {
        this.#report(toError(error));
        return [];
      }
    });
  }
}
