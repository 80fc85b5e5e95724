import { afterAll, describe, expect, it } from "@jest/globals";
import { createHub } from "@doorstep/agent";
import { createCleanUp, eventually } from "@doorstep/testkit";
import { type Gateway, readMetric, startDeployment } from "./support/deployment.ts";
import { connectBare, offsetsOf } from "./support/device.ts";
import { readLog } from "./support/log.ts";

const EVENTS = 3_200;
const BODY = "x".repeat(32_000);
const MEGABYTE = 1_048_576;
const AT_ONCE = 50;

interface Pausable {
  pause(): void;
  resume(): void;
}

describe("100 MB to a client that stopped reading", () => {
  const cleanUp = createCleanUp();
  afterAll(() => cleanUp.run());

  it("P2 P8 costs the gateway little, nobody else anything, and all arrives once the client reads again", async () => {
    const deployment = await startDeployment(cleanUp, {
      gateways: 1,
      env: { DOORSTEP_STUCK_MS: "120000", DOORSTEP_PING_TIMEOUT_MS: "120000" },
    });
    const [gateway] = deployment.gateways as [Gateway];
    const slow = await connectBare(deployment, cleanUp, "slow", gateway);
    const other = await connectBare(deployment, cleanUp, "other", gateway);
    await eventually(() => slow.ready.length === 1 && other.ready.length === 1);
    const limits = { logMaxEvents: 2 * EVENTS, mailboxMaxBytes: 256 * MEGABYTE };
    const hub = createHub({ redis: deployment.redis.url, source: "urn:test:slow", limits });
    cleanUp.add(() => hub.close());
    const publishTo = async (userId: string, count: number): Promise<void> => {
      for (let n = 0; n < count; n += AT_ONCE) {
        const items = Array.from({ length: AT_ONCE }, () => ({ to: { userId }, type: "note", data: BODY }));
        await hub.publishMany(items);
      }
    };
    // A first round of the same kind, so that what the process takes once for good is not counted.
    await publishTo("slow", EVENTS / 4);
    await eventually(() => slow.events.length === EVENTS / 4, { timeoutMs: 30_000 });

    const webSocket = (slow.socket.io.engine.transport as unknown as { ws: Pausable }).ws;
    const before = await readMetric(gateway.adminUrl, "process_resident_memory_bytes");
    webSocket.pause();
    await publishTo("slow", EVENTS);
    await publishTo("other", AT_ONCE);
    await eventually(() => other.events.length === AT_ONCE);
    const after = await readMetric(gateway.adminUrl, "process_resident_memory_bytes");
    expect(slow.events.length).toBeLessThan(EVENTS);
    // Of 100 MB that passed through it: what is not collected yet counts, and on a busy machine that is more.
    expect((after - before) / MEGABYTE).toBeLessThan(32);
    expect(await readMetric(gateway.adminUrl, "doorstep_catch_ups_total", 'cause="slow"')).toBeGreaterThan(0);

    webSocket.resume();
    await eventually(() => slow.events.length === EVENTS + EVENTS / 4, { timeoutMs: 60_000 });
    expect(offsetsOf(slow.events)).toEqual(await readLog(deployment.store, "slow"));
    expect(slow.gaps).toEqual([]);
  }, 120_000);
});
