/**
 * The press: publishes numbered events to users, at a fixed rate or as fast as they are delivered.
 *
 * At a fixed rate the schedule is open: each event is due at its time, whatever the answers to earlier ones take, and carries
 * that time. A publisher that falls behind publishes at once what is due, so that its lateness counts as latency. As fast as
 * possible means a window: so many events are published but not yet delivered.
 */
import { createBody } from "../body.ts";
import { nowUs } from "../clock.ts";
import { Histogram } from "../histogram.ts";
import { userIdOf } from "../user.ts";
import { DeliveredCount } from "./delivered-count.ts";
import { turn, waitUntil } from "./precise-wait.ts";
import type { Publisher } from "./publisher.ts";
import { connectPublisher } from "./publishers.ts";

/** Users `from` up to `from + users - 1`, one after the other, again and again. */
export interface Addressees {
  readonly from: number;
  readonly users: number;
}

export interface OpenLoad extends Addressees {
  readonly eventsPerS: number;
  readonly events: number;
}

export interface ClosedLoad extends Addressees {
  /** Events that may be published and not yet delivered. */
  readonly window: number;
  readonly seconds: number;
}

export interface LoadReport {
  readonly published: number;
  /** Refused, or not known to be accepted. */
  readonly failed: number;
  readonly seconds: number;
  /** How late the 99th of 100 events was published. */
  readonly lateP99Us: number;
  /** Delivered while it ran; of closed loads alone. */
  readonly delivered: number;
}

/** Loads take turns with the answers after so many events at the latest. */
const MOST_AT_ONCE = 32;
const US_PER_S = 1e6;
/** A window that is full for so long holds events that were lost: they are given up. */
const STUCK_US = 1e6;

export class Press {
  readonly #seqs: number[] = [];
  readonly #pending = new Set<Promise<unknown>>();
  readonly #delivered = new DeliveredCount();
  #publisher: Publisher | undefined;
  #failed = 0;

  async open(target: string, redisUrl: string): Promise<void> {
    this.#publisher = await connectPublisher(target, redisUrl);
  }

  /** Answers the port to which the clients are to tell how many events they got. */
  listen(): Promise<number> {
    return this.#delivered.listen();
  }

  /** Publishes at a fixed rate. Several may run at a time, to different users. */
  async runOpen({ from, users, eventsPerS, events }: OpenLoad): Promise<LoadReport> {
    const late = new Histogram();
    const failedBefore = this.#failed;
    const beganUs = nowUs();
    for (let n = 0; n < events; n++) {
      const dueUs = beganUs + (n * US_PER_S) / eventsPerS;
      if (dueUs > nowUs()) await waitUntil(dueUs);
      else if (n % MOST_AT_ONCE === 0) await turn();
      late.record(nowUs() - dueUs);
      this.#publish(from + (n % users), dueUs);
    }
    const seconds = (nowUs() - beganUs) / US_PER_S;
    await Promise.all(this.#pending);
    const failed = this.#failed - failedBefore;
    return { published: events, failed, seconds, lateP99Us: late.quantile(0.99), delivered: Number.NaN };
  }

  /** Publishes as fast as events are delivered; the clients have to tell. One at a time. */
  async runClosed({ from, users, window, seconds }: ClosedLoad): Promise<LoadReport> {
    const failedBefore = this.#failed;
    const deliveredBefore = this.#delivered.value;
    const beganUs = nowUs();
    const endUs = beganUs + seconds * US_PER_S;
    let published = 0;
    let givenUp = 0;
    let movedUs = beganUs;
    for (let now = beganUs; now < endUs; now = nowUs()) {
      const open = published - givenUp - (this.#delivered.value - deliveredBefore);
      if (open < window) {
        const size = Math.min(window - open, MOST_AT_ONCE);
        for (let i = 0; i < size; i++) this.#publish(from + ((published + i) % users), nowUs());
        published += size;
        movedUs = now;
        await turn();
      } else if (now - movedUs > STUCK_US) {
        givenUp += open;
      } else {
        await this.#delivered.changed((endUs - now) / 1_000);
      }
    }
    const spentS = (nowUs() - beganUs) / US_PER_S;
    const delivered = this.#delivered.value - deliveredBefore;
    await Promise.all(this.#pending);
    return { published, failed: this.#failed - failedBefore, seconds: spentS, lateP99Us: 0, delivered };
  }

  #publish(user: number, dueUs: number): void {
    const seq = this.#seqs[user] ?? 0;
    this.#seqs[user] = seq + 1;
    const answer = this.#publisher?.publish(userIdOf(user), createBody(seq, dueUs));
    if (!(answer instanceof Promise)) return;
    const settled: Promise<unknown> = answer.then(
      () => this.#pending.delete(settled),
      () => {
        this.#failed += 1;
        return this.#pending.delete(settled);
      },
    );
    this.#pending.add(settled);
  }
}
