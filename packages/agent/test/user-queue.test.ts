import { describe, expect, it } from "@jest/globals";
import { DoorstepError, type EncodedEvent, encodeEvent, type PublishResult } from "@doorstep/protocol";
import { eventually } from "@doorstep/testkit";
import { UserQueue } from "../src/user-queue.ts";

let ids = 0;

function event(data: unknown): EncodedEvent {
  return encodeEvent({ type: "note", data }, () => `e${++ids}`, 0, 10_000_000);
}

/** A queue whose appends are answered by hand. */
function openQueue() {
  const appends: { events: readonly EncodedEvent[]; accept(): void; refuse(error: Error): void }[] = [];
  let isIdle = false;
  const queue = new UserQueue(
    (events) =>
      new Promise<PublishResult[]>((resolve, reject) => {
        const accept = () => resolve(events.map(({ id }) => ({ id, offset: "1-1", duplicate: false })));
        appends.push({ events, accept, refuse: reject });
      }),
    () => (isIdle = true),
  );
  const next = async (index: number) => eventually(() => appends[index] ?? null);
  return { queue, appends, next, isIdle: () => isIdle };
}

describe("UserQueue", () => {
  it("starts an append only after the earlier one has settled, with all that came meanwhile", async () => {
    const { queue, appends, next, isIdle } = openQueue();
    const first = queue.push([event(1)]);
    const append = await next(0);
    const others = [queue.push([event(2), event(3)]), queue.push([event(4)])];
    await Promise.resolve();
    expect(appends).toHaveLength(1);
    append.accept();
    await first;
    const merged = await next(1);
    expect(merged.events).toHaveLength(3);
    merged.accept();
    expect((await Promise.all(others)).map((results) => results.length)).toEqual([2, 1]);
    await eventually(isIdle);
  });

  it("merges what is pushed in the same breath", async () => {
    const { queue, next } = openQueue();
    const pushed = [queue.push([event(1)]), queue.push([event(2)])];
    const append = await next(0);
    expect(append.events).toHaveLength(2);
    append.accept();
    await Promise.all(pushed);
  });

  it("keeps an append within 1,000 events and a mebibyte", async () => {
    const { queue, next } = openQueue();
    const sizes = [600, 400, 1];
    const pushed = sizes.map((size) => queue.push(Array.from({ length: size }, () => event(0))));
    const big = [1, 2].map(() => queue.push([event("x".repeat(700_000))]));
    for (const [index, count] of [1_000, 2, 1].entries()) {
      const append = await next(index);
      expect(append.events).toHaveLength(count);
      append.accept();
    }
    await Promise.all([...pushed, ...big]);
  });

  it("repeats a refused append entry by entry, so that nobody fails for another's event", async () => {
    const { queue, next } = openQueue();
    const pushed = Promise.allSettled([queue.push([event(1)]), queue.push([event(2)])]);
    (await next(0)).refuse(new DoorstepError("CONFLICT"));
    (await next(1)).accept();
    (await next(2)).refuse(new DoorstepError("CONFLICT"));
    expect((await pushed).map((result) => result.status)).toEqual(["fulfilled", "rejected"]);
  });

  it("does not repeat an append that may have happened", async () => {
    const { queue, appends, next } = openQueue();
    const pushed = Promise.allSettled([queue.push([event(1)]), queue.push([event(2)])]);
    (await next(0)).refuse(new DoorstepError("UNAVAILABLE"));
    expect((await pushed).map((result) => result.status)).toEqual(["rejected", "rejected"]);
    expect(appends).toHaveLength(1);
  });
});
