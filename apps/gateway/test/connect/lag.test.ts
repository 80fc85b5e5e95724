import { afterEach, expect, it } from "@jest/globals";
import { createCleanUp, eventually, startRedis } from "@doorstep/testkit";
import { startTestGateway } from "../support/gateway.ts";

const cleanUp = createCleanUp();
afterEach(() => cleanUp.run());

/** Keeps this process, and the gateway in it, from doing anything else. */
function block(forMs: number): void {
  for (const endMs = performance.now() + forMs; performance.now() < endMs;);
}

it("P8 refuses handshakes while the event loop is late, keeps its sockets, and takes new ones again", async () => {
  const redis = await startRedis({ aof: false });
  cleanUp.add(() => redis.stop());
  const gateway = await startTestGateway(cleanUp, redis, { DOORSTEP_MAX_LAG_MS: "100" });
  const early = await gateway.connect("ann");
  await eventually(() => early.ready());

  await eventually(async () => {
    block(400);
    const late = await gateway.connect("bob");
    await eventually(() => late.refusals.length > 0 || late.ready() !== null, { timeoutMs: 2_000 });
    expect(late.ready()).toBeNull();
  });
  expect(await gateway.metric("doorstep_handshakes_total", { outcome: "OVERLOADED" })).toBeGreaterThan(0);
  expect(early.socket.connected).toBe(true);

  await eventually(async () => {
    const again = await gateway.connect("bob");
    await eventually(() => again.ready() !== null, { timeoutMs: 500 });
  });
}, 30_000);
