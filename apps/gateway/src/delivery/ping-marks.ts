/**
 * PingMarks: what the pongs of one connection prove.
 *
 * Before each ping the place of the last written event is noted. The client answers pings in their order, and reads what
 * was written before a ping before it reads the ping; so each pong settles the oldest mark, and nothing beyond it.
 *
 * The engine pings by its clock. What was written since the last ping is counted, and where that is much a ping is due
 * early, lest a busy reader's mailbox fill up meanwhile. None is sent early while one is under way, and the engine sends
 * its next only after a pong: with one of each, two marks are the most there are. Who sends the pings is others' matter.
 */
import { minOffset, type Offset } from "@doorstep/protocol";

/** How much may be written after a ping before another is due. */
export interface PingBudget {
  readonly events: number;
  readonly bytes: number;
}

const MOST: PingBudget = { events: 1_000, bytes: 262_144 };
/** Pings that a full mailbox is worth at least, so that publishers do not see it full while pongs are on their way. */
const PINGS_PER_MAILBOX = 8;

/** The budget for mailboxes of a size: 1,000 events and 256 KiB, less where they are small. */
export function pingBudgetFor(limits: { mailboxMaxEvents: number; mailboxMaxBytes: number }): PingBudget {
  return {
    events: Math.min(MOST.events, Math.ceil(limits.mailboxMaxEvents / PINGS_PER_MAILBOX)),
    bytes: Math.min(MOST.bytes, Math.ceil(limits.mailboxMaxBytes / PINGS_PER_MAILBOX)),
  };
}

export class PingMarks {
  readonly #budget: PingBudget;
  /** One for each ping under way, oldest first. */
  readonly #marks: Offset[] = [];
  #events = 0;
  #bytes = 0;
  #isBusy = false;

  constructor(budget: PingBudget) {
    this.#budget = budget;
  }

  /** Whether every ping so far was answered. */
  get isAnswered(): boolean {
    return this.#marks.length === 0;
  }

  /** Whether a ping is to be sent now: much was written since the last one, and that was answered. */
  get isDue(): boolean {
    return this.isAnswered && this.#isMuch;
  }

  /** Whether much was written before the last ping, so that its answer is urgent. */
  get isBusy(): boolean {
    return this.#isBusy;
  }

  get #isMuch(): boolean {
    return this.#events >= this.#budget.events || this.#bytes >= this.#budget.bytes;
  }

  /** Notes what was written. */
  wrote(events: number, bytes: number): void {
    this.#events += events;
    this.#bytes += bytes;
  }

  /** Notes that a ping is about to be written behind everything up to an offset. */
  pinged(written: Offset): void {
    this.#marks.push(written);
    this.#isBusy = this.#isMuch;
    this.#events = 0;
    this.#bytes = 0;
  }

  /** Takes a pong: everything up to the offset it gives has arrived. Undefined where no ping asked for it. */
  ponged(): Offset | undefined {
    return this.#marks.shift();
  }

  /** Goes back: what comes again after an offset has to arrive again before a pong proves it. */
  rewind(to: Offset): void {
    for (const [i, mark] of this.#marks.entries()) this.#marks[i] = minOffset(mark, to);
  }
}
