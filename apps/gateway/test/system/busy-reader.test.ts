import { afterAll, describe, expect, it } from "@jest/globals";
import { createHub } from "@doorstep/agent";
import { createCleanUp, eventually } from "@doorstep/testkit";
import { type Gateway, readMetric, startDeployment } from "./support/deployment.ts";
import { connectBare, numbersOf } from "./support/device.ts";

const EVENTS = 30_000;
const AT_ONCE = 500;
/** How far a client that reads everything at once may be behind; far less than a mailbox takes. */
const BEHIND = 3_000;
/** No ping that comes by time comes before the test is over, or one in a thousand times. */
const PING_INTERVAL_MS = 86_400_000;

describe("three mailboxes full of events within one ping interval, to a client that reads", () => {
  const cleanUp = createCleanUp();
  afterAll(() => cleanUp.run());

  it("P3 are all logged, acknowledged as they arrive, and delivered in order: none is refused", async () => {
    const deployment = await startDeployment(cleanUp, {
      gateways: 1,
      env: { DOORSTEP_PING_INTERVAL_MS: String(PING_INTERVAL_MS) },
    });
    const [gateway] = deployment.gateways as [Gateway];
    const device = await connectBare(deployment, cleanUp, "busy", gateway);
    await eventually(() => device.ready.length === 1);
    const hub = createHub({ redis: deployment.redis.url, source: "urn:test:busy" });
    cleanUp.add(() => hub.close());

    const refusals: string[] = [];
    for (let n = 0; n < EVENTS; n += AT_ONCE) {
      const items = Array.from({ length: AT_ONCE }, (_, i) => ({
        to: { userId: "busy" },
        type: "note",
        data: { n: n + i },
      }));
      for (const { error } of await hub.publishMany(items)) if (error !== undefined) refusals.push(error.code);
      expect(refusals).toEqual([]);
      await eventually(() => device.events.length > n - BEHIND, { timeoutMs: 20_000, intervalMs: 5 });
    }
    await eventually(() => device.events.length === EVENTS, { timeoutMs: 20_000 });
    expect(numbersOf(device.events)).toEqual(Array.from({ length: EVENTS }, (_, n) => n));
    expect(device.gaps).toEqual([]);
    await eventually(async () =>
      expect(await readMetric(gateway.adminUrl, "doorstep_acked_events_total")).toBeGreaterThan(EVENTS - BEHIND),
    );
  }, 90_000);
});
