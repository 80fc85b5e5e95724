import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { DoorstepError } from "@doorstep/protocol";
import { createCleanUp } from "@doorstep/testkit";
import { type Receipt, watchReceipt } from "../src/index.ts";
import { type Fixture, startFixture } from "./support/fixture.ts";

const cleanUp = createCleanUp();
const FAST = { firstPauseMs: 5, maxPauseMs: 20 };
let fixture: Fixture;

beforeAll(async () => {
  fixture = await startFixture(cleanUp);
});
afterAll(() => cleanUp.run());

describe("watchReceipt", () => {
  it("P3 tells each state of an event once, and ends with the last", async () => {
    const { hub, store } = fixture;
    const result = await hub.publish({ userId: "ada" }, "note", 1);
    const states: string[] = [];
    for await (const { state } of watchReceipt(hub, "ada", result, FAST)) {
      states.push(state);
      if (state === "logged") await store.log.ack(store.log.keysOf("ada"), String(result.offset));
    }
    expect(states).toEqual(["logged", "acknowledged"]);
  });

  it("goes on while the hub cannot answer, and ends when it is told to", async () => {
    const ending = new AbortController();
    const asked: number[] = [];
    const hub = {
      receipt: (): Promise<Receipt> => {
        asked.push(performance.now());
        if (asked.length === 4) ending.abort();
        return Promise.reject(new DoorstepError("UNAVAILABLE"));
      },
    };
    for await (const _ of watchReceipt(hub, "ada", "any", { ...FAST, signal: ending.signal }))
      throw new Error("a receipt");
    expect(asked).toHaveLength(4);
  });

  it("throws what asking again cannot mend", async () => {
    const watch = watchReceipt(fixture.hub, "ada", "unknown", FAST);
    await expect(watch.next()).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});
