/**
 * A log, a lossy push and one socket, simulated: they drive the delivery table as hub.ts does, one instruction at a time.
 *
 * Pushes may be lost, repeated and reordered. Head checks and page reads see the log at the moment they are asked, and
 * answer at any later moment. The model keeps what was written, which P2 says is the log and nothing else.
 */
import { compareOffsets, maxOffset, type Offset, ZERO_OFFSET } from "@doorstep/protocol";
import {
  type Phase,
  type Signal,
  signalOfHead,
  signalOfPage,
  signalOfPush,
  TABLE,
} from "../../src/delivery/delivery-state.ts";

interface Push {
  readonly prev: Offset;
  readonly events: readonly Offset[];
}

interface PageRead {
  readonly events: readonly Offset[];
  readonly head: Offset;
}

const PAGE_EVENTS = 3;

export class DeliveryModel {
  readonly log: Offset[] = [];
  readonly written: Offset[] = [];
  phase: Phase = "reading";
  offset: Offset;
  isOverBudget = false;
  readonly #start: Offset;
  readonly #pushes: Push[] = [];
  readonly #heads: Offset[] = [];
  #announced: Offset = ZERO_OFFSET;
  #page: PageRead | undefined;

  /** A log of so many events, of which the socket has the first `has`. */
  constructor(length: number, has: number) {
    for (let n = 0; n < length; n++) this.#appendOne();
    this.#start = this.log[Math.min(has, length) - 1] ?? ZERO_OFFSET;
    this.offset = this.#start;
    this.#read();
  }

  get head(): Offset {
    return this.log.at(-1) ?? ZERO_OFFSET;
  }

  /** What the socket has to get. */
  get expected(): Offset[] {
    return this.log.filter((offset) => compareOffsets(offset, this.#start) > 0);
  }

  append(count: number): void {
    const prev = this.head;
    this.#pushes.push({ prev, events: Array.from({ length: count }, () => this.#appendOne()) });
  }

  /** Delivers one of the pushes on their way; a kept one comes again. */
  deliver(pick: number, isKept: boolean): void {
    const push = this.#pushes[pick % this.#pushes.length];
    if (push === undefined) return;
    if (!isKept) this.#pushes.splice(pick % this.#pushes.length, 1);
    const last = push.events.at(-1) ?? push.prev;
    if (this.phase !== "live") this.#announced = maxOffset(this.#announced, last);
    else if (this.#apply(signalOfPush(this.offset, push.prev, last))) this.#write(push.events);
  }

  lose(pick: number): void {
    this.#pushes.splice(pick % Math.max(1, this.#pushes.length), 1);
  }

  askHead(): void {
    this.#heads.push(this.head);
  }

  answerHead(): void {
    const head = this.#heads.shift();
    if (head === undefined) return;
    if (this.phase === "live") this.#apply(signalOfHead(this.offset, head));
    else this.#announced = maxOffset(this.#announced, head);
  }

  answerPage(isFailed: boolean): void {
    const page = this.#page;
    if (page === undefined) return;
    this.#page = undefined;
    if (isFailed) {
      this.#apply("page-failed");
      return;
    }
    this.#write(page.events);
    this.#apply(signalOfPage(this.offset, page.head, this.#announced, this.isOverBudget));
  }

  /** Takes the next bytes: over the budget or below it. */
  fill(isOverBudget: boolean): void {
    this.isOverBudget = isOverBudget;
    this.#apply(isOverBudget ? "slow" : "drained");
  }

  /** Everything on its way arrives or is lost, the socket drains, and one head check follows. */
  settle(isLost: boolean): void {
    this.isOverBudget = false;
    while (this.#pushes.length > 0) {
      if (isLost) this.lose(0);
      else this.deliver(0, false);
    }
    while (this.#heads.length > 0) this.answerHead();
    this.#finishReads();
    this.askHead();
    this.answerHead();
    this.#finishReads();
  }

  #finishReads(): void {
    // Far more rounds than pages: a model that spins must fail, not hang.
    for (let round = 0; round < 1_000 && this.phase !== "live"; round++) {
      this.#apply("drained");
      this.answerPage(false);
    }
  }

  #appendOne(): Offset {
    const offset = `${this.log.length + 1}-0`;
    this.log.push(offset);
    return offset;
  }

  #write(events: readonly Offset[]): void {
    this.written.push(...events);
    this.offset = events.at(-1) ?? this.offset;
  }

  #read(): void {
    if (this.#page !== undefined) throw new Error("two reads at once");
    const after = this.log.filter((offset) => compareOffsets(offset, this.offset) > 0);
    this.#announced = ZERO_OFFSET;
    this.#page = { events: after.slice(0, PAGE_EVENTS), head: this.head };
  }

  #apply(signal: Signal): boolean {
    const { phase, action } = TABLE[this.phase][signal];
    this.phase = phase;
    if (action === "read") this.#read();
    return action === "write";
  }
}
