/**
 * The press: publishes numbered events to users, at a fixed rate or as fast as they are delivered.
 *
 * At a fixed rate the schedule is open: each event is due at its time, whatever the answers to earlier ones take, and carries
 * that time. A publisher that falls behind publishes at once what is due, so that its lateness counts as latency. As fast as
 * possible means a window: so many events are published but not yet delivered.
 */
import { type Body, createBody } from "../body.ts";
import { nowUs } from "../clock.ts";
import { Histogram } from "../histogram.ts";
import { createToken, type Token } from "../token.ts";
import { type EventId, userIdOf } from "../user.ts";
import { DeliveredCount } from "./delivered-count.ts";
import { inTurn } from "./in-turn.ts";
import { turn, waitUntil } from "./precise-wait.ts";
import type { Publisher, Text } from "./publisher.ts";
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
  readonly #failures: EventId[] = [];

  async open(target: string, redisUrl: string, publishTo?: readonly string[]): Promise<void> {
    this.#publisher = await connectPublisher(target, redisUrl, publishTo);
  }

  /** Publishes each event from now on only once the one before it of the same user was answered; it is due all the same. */
  publishInTurn(): void {
    if (this.#publisher !== undefined) this.#publisher = inTurn(this.#publisher);
  }

  /** Answers the port to which the clients are to tell how many events they got. */
  listen(): Promise<number> {
    return this.#delivered.listen();
  }

  /** Publishes at a fixed rate. Several may run at a time, to different users. */
  async runOpen(load: OpenLoad): Promise<LoadReport> {
    return this.#keep(load, (user, dueUs) => this.#publish(user, createBody(this.#next(user), dueUs)));
  }

  /** Publishes one event a token at a fixed rate. */
  async runTokens(load: OpenLoad): Promise<LoadReport> {
    return this.#keep(load, (user, dueUs) => this.#publish(user, { delta: createToken(this.#next(user), dueUs) }));
  }

  /** Writes tokens at a fixed rate, each user's into a text of its own; throws where the target has none. */
  async runTexts(load: OpenLoad): Promise<LoadReport> {
    const texts = await this.#openTexts(load);
    const report = await this.#keep(load, (user, dueUs) => {
      texts[user - load.from]?.write(createToken(this.#next(user), dueUs));
    });
    await Promise.all(texts.map((text) => text.end()));
    return report;
  }

  /** The last so many that failed. */
  failures(count: number): EventId[] {
    return count === 0 ? [] : this.#failures.slice(-count);
  }

  /** Publishes as fast as events are delivered; the clients have to tell. One at a time. */
  async runClosed({ from, users, window, seconds }: ClosedLoad): Promise<LoadReport> {
    const failedBefore = this.#failures.length;
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
        for (let i = 0; i < size; i++) {
          const user = from + ((published + i) % users);
          this.#publish(user, createBody(this.#next(user), nowUs()));
        }
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
    return { published, failed: this.#failures.length - failedBefore, seconds: spentS, lateP99Us: 0, delivered };
  }

  async #openTexts({ from, users }: Addressees): Promise<Text[]> {
    const publisher = this.#publisher;
    if (publisher?.openText === undefined) throw new Error("this target has no texts");
    const texts: Promise<Text>[] = [];
    for (let user = from; user < from + users; user++) texts.push(publisher.openText(userIdOf(user)));
    return Promise.all(texts);
  }

  /** Does something for each event at its time, and waits for what it led to. */
  async #keep(
    { from, users, eventsPerS, events }: OpenLoad,
    fn: (user: number, dueUs: number) => void,
  ): Promise<LoadReport> {
    const late = new Histogram();
    const failedBefore = this.#failures.length;
    const beganUs = nowUs();
    for (let n = 0; n < events; n++) {
      const dueUs = beganUs + (n * US_PER_S) / eventsPerS;
      if (dueUs > nowUs()) await waitUntil(dueUs);
      else if (n % MOST_AT_ONCE === 0) await turn();
      late.record(nowUs() - dueUs);
      fn(from + (n % users), dueUs);
    }
    const seconds = (nowUs() - beganUs) / US_PER_S;
    await Promise.all(this.#pending);
    const failed = this.#failures.length - failedBefore;
    return { published: events, failed, seconds, lateP99Us: late.quantile(0.99), delivered: Number.NaN };
  }

  /** The user's next number. */
  #next(user: number): number {
    const seq = this.#seqs[user] ?? 0;
    this.#seqs[user] = seq + 1;
    return seq;
  }

  /** Publishes what has the user's last number. */
  #publish(user: number, body: Body | Token): void {
    const seq = (this.#seqs[user] ?? 0) - 1;
    const answer = this.#publisher?.publish(userIdOf(user), body);
    if (!(answer instanceof Promise)) return;
    const settled: Promise<unknown> = answer.then(
      () => this.#pending.delete(settled),
      () => {
        this.#failures.push([user, seq]);
        return this.#pending.delete(settled);
      },
    );
    this.#pending.add(settled);
  }
}
