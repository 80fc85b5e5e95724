import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { compareOffsets, type Offset } from "@doorstep/protocol";
import type { UserKeys } from "@doorstep/store";
import { type RedisServer, redisCall, startRedis } from "@doorstep/testkit";
import * as fc from "fast-check";

import { createExpiry } from "../src/expiry.ts";
import { holdUser, readUnheld } from "../src/hold.ts";
import { releaseParcels } from "../src/release.ts";
import { linesOf, openHub, type TestHub } from "./support/hub.ts";
import { SteppedCourier } from "./support/stepped-courier.ts";

let redis: RedisServer;

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

type Command =
  | { readonly kind: "append"; readonly durable: number; readonly stream: number; readonly expiresInMs: number }
  | { readonly kind: "ack"; readonly part: number }
  | { readonly kind: "step" | "crash"; readonly courier: 0 | 1 };

const courier = fc.constantFrom<0 | 1>(0, 1);
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("append" as const),
      durable: fc.integer({ min: 0, max: 60 }),
      stream: fc.integer({ min: 0, max: 60 }),
      expiresInMs: fc.constantFrom(600_000, 86_400_000),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("ack" as const), part: fc.double({ min: 0, max: 1, noNaN: true }) }),
  },
  { weight: 10, arbitrary: fc.record({ kind: fc.constant("step" as const), courier }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("crash" as const), courier }) },
);

/** One history: two couriers at one user, publishers and devices beside them. */
class History {
  readonly keys: UserKeys;
  readonly durable: Offset[] = [];
  readonly #hub: TestHub;
  readonly #couriers: [SteppedCourier, SteppedCourier];
  #last: Offset = "0-0";

  constructor(hub: TestHub) {
    this.#hub = hub;
    this.keys = hub.store.log.keysOf("ann");
    this.#couriers = [new SteppedCourier(hub, this.keys), new SteppedCourier(hub, this.keys)];
  }

  async play(step: Command): Promise<void> {
    if (step.kind === "append") return this.#append(step);
    if (step.kind === "ack") return this.ack(this.durable[Math.floor(step.part * (this.durable.length - 1))] ?? "0-0");
    return this.#couriers[step.courier][step.kind]();
  }

  async #append({ durable, stream, expiresInMs }: Command & { kind: "append" }): Promise<void> {
    const drafts = Array.from({ length: durable + stream }, (_, index) => ({
      delivery: index % 2 === 0 && index / 2 < stream ? ("stream" as const) : ("durable" as const),
      expiresInMs,
    }));
    if (drafts.length === 0) return;
    const offsets = await this.#hub.publish("ann", drafts);
    this.durable.push(...offsets.filter((_, index) => drafts[index]?.delivery === "durable"));
    this.#last = offsets.at(-1) ?? this.#last;
  }

  async ack(offset: Offset): Promise<void> {
    const { released } = await this.#hub.store.log.ack(this.keys, offset);
    await releaseParcels(this.#hub.queues, this.keys, released, this.#hub.onError);
  }

  /** Both couriers die, and one that is not disturbed finishes. */
  async end(): Promise<void> {
    for (const stepped of this.#couriers) await stepped.crash();
    await holdUser(this.#hub, this.keys);
  }

  async ackAll(): Promise<void> {
    await this.ack(this.#last);
  }
}

async function expectEachOnce(hub: TestHub, history: History): Promise<void> {
  const { acked } = await readUnheld(hub.store, history.keys);
  const parcels = await hub.parcels(history.keys);
  const held: Offset[] = [];
  for (const parcel of parcels) {
    const job = await hub.queues.of(0).getJob(parcel.jobId);
    const offsets = job === undefined ? [] : linesOf(job.data).map(([offset]) => offset);
    expect(offsets).toHaveLength(parcel.count);
    expect(offsets.at(-1)).toBe(parcel.to);
    expect(compareOffsets(parcel.from, offsets[0] ?? "0-0")).toBeLessThan(0);
    held.push(...offsets);
  }
  // In order and without repetition, and nothing undelivered is missing.
  expect(held).toEqual([...new Set(held)].sort(compareOffsets));
  const undelivered = history.durable.filter((offset) => compareOffsets(offset, acked) > 0);
  expect(held.filter((offset) => compareOffsets(offset, acked) > 0)).toEqual(undelivered);
  expect((await hub.store.custody.waiting([history.keys.partition])).users).toBe(0);
}

/** What is left in the queue after everything was acknowledged is orphans: each completes without effect. */
async function expectOnlyOrphans(hub: TestHub, history: History): Promise<void> {
  await history.ackAll();
  expect(await hub.parcels(history.keys)).toEqual([]);
  const process = createExpiry(hub);
  for (const job of await hub.jobs()) await process(job, "no token: an attempt to delay the job would fail");
  expect(await hub.deadLetters.count()).toBe(0);
}

describe("two couriers at one user, with publishes, acks and crashes between their steps", () => {
  it("P3 P5 leave each durable event in exactly one parcel, in order", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { maxLength: 60 }), async (commands) => {
        await redisCall(redis.port, "FLUSHALL");
        // A short log, so that what is in no parcel would be gone.
        const hub = await openHub(redis.url, { logMaxEvents: 5 });
        try {
          const history = new History(hub);
          for (const step of commands) await history.play(step);
          await history.end();
          await expectEachOnce(hub, history);
          await expectOnlyOrphans(hub, history);
          expect(hub.errors).toEqual([]);
        } finally {
          await hub.close();
        }
      }),
      { numRuns: 100 },
    );
  }, 120_000);
});
