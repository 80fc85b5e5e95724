import { describe, expect, it } from "@jest/globals";
import * as fc from "fast-check";

import { compareOffsets, DoorstepError } from "@doorstep/protocol";

import type { Store, UserKeys } from "../src/index.ts";
import { hold } from "./support/courier.ts";
import { event } from "./support/event.ts";
import { createHarness } from "./support/harness.ts";
import { checkAgainst, checkReceipts, emptyModel, type Model, undeliveredOf } from "./support/model.ts";
import { startStandalone } from "./support/topology.ts";

const LIMITS = { logMaxEvents: 6, mailboxMaxEvents: 30 };
const ALL_BYTES = 1_000_000;

/** Places are fractions of what is there, so that every value means something in every state. */
type Step =
  | { readonly kind: "append"; readonly durable: readonly boolean[] }
  | { readonly kind: "ack" | "expire" | "read"; readonly place: number }
  | { readonly kind: "hold"; readonly maxEvents: number };

const place = fc.double({ min: 0, max: 0.999, noNaN: true });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("append" as const),
      durable: fc.array(
        fc.integer({ min: 0, max: 3 }).map((n) => n > 0),
        { minLength: 1, maxLength: 9 },
      ),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("ack" as const), place }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("expire" as const), place }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("read" as const), place }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("hold" as const), maxEvents: fc.integer({ min: 1, max: 7 }) }),
  },
);

/** Does a step with Redis and with the model, and compares what the step itself answers. */
async function take(step: Step, model: Model, store: Store, keys: UserKeys, user: string): Promise<void> {
  if (step.kind === "append") return append(step.durable, model, store, keys, user);
  if (step.kind === "hold") {
    const { outcome, parcel, offsets } = await hold(store, keys, step.maxEvents);
    expect(outcome).not.toBe("conflict");
    if (parcel !== undefined) model.parcels.push({ parcel, offsets });
    model.held = (await store.custody.unheld(keys, 1)).held;
    return;
  }
  if (step.kind === "expire") {
    const chosen = model.parcels[Math.floor(step.place * model.parcels.length)];
    if (chosen === undefined) return;
    await expect(store.custody.expire(keys, chosen.parcel, "expired", chosen.offsets)).resolves.toBe(true);
    // What was acknowledged in it stays acknowledged.
    for (const e of model.events) {
      e.isExpired ||= chosen.offsets.includes(e.offset) && compareOffsets(e.offset, model.acked) > 0;
    }
    model.parcels = model.parcels.filter((other) => other !== chosen);
    return;
  }
  const target = model.events[Math.floor(step.place * model.events.length)]?.offset ?? "0-0";
  if (step.kind === "ack") return ack(target, model, store, keys);
  const page = await store.log.read(keys, target, 1_000, ALL_BYTES);
  const custodyFirst = page.custody.some((entry) => entry.kind === "parcel") && page.entries.length === 0;
  const after = model.events.filter((e) => compareOffsets(e.offset, target) > 0 && !e.isExpired);
  const kept = after.filter((e) => compareOffsets(e.offset, page.trimmed) > 0).map((e) => e.offset);
  if (!custodyFirst) expect(page.entries.map((entry) => entry.offset)).toEqual(kept);
}

async function append(
  durable: readonly boolean[],
  model: Model,
  store: Store,
  keys: UserKeys,
  user: string,
): Promise<void> {
  const [before] = await store.log.heads([keys]);
  const count = durable.filter(Boolean).length;
  try {
    const results = await store.log.append(
      user,
      durable.map((isDurable) => event({ delivery: isDurable ? "durable" : "stream" })),
    );
    expect(Number(before?.undelivered) + count).toBeLessThanOrEqual(LIMITS.mailboxMaxEvents);
    for (const [i, { id, offset }] of results.entries()) {
      model.events.push({ id, offset: String(offset), isDurable: durable[i] === true, isExpired: false });
    }
  } catch (error) {
    if (!(error instanceof DoorstepError)) throw error;
    expect(error.code).toBe("MAILBOX_FULL");
    // Too many undelivered ones, or stream events behind too many unsettled ones.
    const isFull = count > 0 && Number(before?.undelivered) + count > LIMITS.mailboxMaxEvents;
    expect(isFull || count < durable.length).toBe(true);
  }
}

async function ack(target: string, model: Model, store: Store, keys: UserKeys): Promise<void> {
  const { acked, released } = await store.log.ack(keys, target);
  if (compareOffsets(target, model.acked) > 0) model.acked = target;
  expect(acked).toBe(model.acked);
  const passed = model.parcels.filter(({ parcel }) => compareOffsets(parcel.to, acked) <= 0);
  expect(released).toEqual(passed.map(({ parcel }) => parcel.jobId));
  model.parcels = model.parcels.filter((parcel) => !passed.includes(parcel));
}

describe("the store against a model", () => {
  const harness = createHarness(startStandalone);

  it("P3 loses nothing undelivered and counts it, whatever is appended, held, expired and acknowledged in any order", async () => {
    const store = await harness.open(LIMITS);
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
        const user = harness.newUser();
        const keys = store.log.keysOf(user);
        const model = emptyModel();
        for (const one of steps) {
          await take(one, model, store, keys, user);
          await checkAgainst(model, store, harness.raw(), keys);
        }
        await checkReceipts(model, store, keys);
        await ack(model.events.at(-1)?.offset ?? "0-0", model, store, keys);
        await checkAgainst(model, store, harness.raw(), keys);
        await checkReceipts(model, store, keys);
        expect(undeliveredOf(model)).toEqual([]);
        await expect(store.log.heads([keys])).resolves.toMatchObject([{ undelivered: 0 }]);
      }),
      { numRuns: 60 },
    );
  });
});
