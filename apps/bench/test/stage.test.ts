import { afterEach, describe, expect, it } from "@jest/globals";
import { createCleanUp } from "@doorstep/testkit";
import { Stage } from "../src/stage.ts";
import { TARGETS } from "../src/targets.ts";

const USERS = 20;
const EVENTS = 200;
const load = { from: 0, users: USERS, eventsPerS: 1_000, events: EVENTS };
const ALL_IN_ORDER = {
  distinct: EVENTS,
  duplicates: 0,
  outOfOrder: 0,
  stranded: 0,
  reached: USERS,
  gaps: 0,
  breaks: 0,
};

const cleanUp = createCleanUp();
afterEach(() => cleanUp.run());

describe.each(TARGETS)("$title", (target) => {
  it("delivers every event once and in order, at a fixed rate and as fast as it can", async () => {
    const stage = await Stage.start({ target, servers: 2, cleanUp });
    await stage.connect({ from: 0, users: USERS });
    await stage.prime(USERS);
    const { load: report, tally, usage } = await stage.measure(() => stage.publisher.call("runOpen", load));
    expect(report).toMatchObject({ published: EVENTS, failed: 0 });
    expect(tally).toMatchObject(ALL_IN_ORDER);
    expect(usage.cpuS["gateway"]).toBeGreaterThan(0);
    expect(usage.redis.commands).toBeGreaterThanOrEqual(EVENTS);

    await stage.clients.call("tell", await stage.publisher.call("listen"));
    const closed = { from: 0, users: USERS, window: 10, seconds: 0.3 };
    const fast = await stage.measure(() => stage.publisher.call("runClosed", closed));
    expect(fast.load.delivered).toBeGreaterThan(0);
    expect(fast.tally).toMatchObject({ ...ALL_IN_ORDER, distinct: fast.load.published });
  });
});

describe.each(TARGETS.filter(({ keeps }) => keeps !== "nothing"))("$title, which keeps events", (target) => {
  it("delivers what came while its users were away, and all users can move to one server", async () => {
    const stage = await Stage.start({ target, servers: 2, cleanUp });
    await stage.connect({ from: 0, users: USERS });
    await stage.prime(USERS);
    await stage.clients.call("drop", 0, USERS);
    expect(await stage.clients.call("look")).toMatchObject({ connected: 0 });
    const { tally } = await stage.measure(async () => {
      const report = await stage.publisher.call("runOpen", load);
      await stage.connect({ from: 0, users: USERS, server: 1 });
      return report;
    });
    expect(tally).toMatchObject(ALL_IN_ORDER);
  });
});
