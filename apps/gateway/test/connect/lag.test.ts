import { afterEach, expect, it } from "@jest/globals";
import { createCleanUp, eventually, startRedis } from "@doorstep/testkit";
import { Lag } from "../../src/connect/lag.ts";
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
  const gateway = await startTestGateway(cleanUp, redis, {
    DOORSTEP_MAX_LAG_MS: "100",
    DOORSTEP_HANDSHAKE_WAIT_MS: "0",
  });
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

it("P8 keeps a handshake waiting while the event loop is late, and takes it once it is not", async () => {
  const redis = await startRedis({ aof: false });
  cleanUp.add(() => redis.stop());
  const gateway = await startTestGateway(cleanUp, redis, { DOORSTEP_MAX_LAG_MS: "100" });

  await eventually(async () => {
    block(400);
    const late = await gateway.connect("bob");
    await eventually(async () => expect(await gateway.metric("doorstep_handshakes_waiting")).toBeGreaterThan(0), {
      timeoutMs: 1_500,
    });
    expect(late.ready()).toBeNull();
    await eventually(() => late.ready());
    expect(late.refusals).toEqual([]);
  });
  expect(await gateway.metric("doorstep_handshakes_total", { outcome: "OVERLOADED" })).toBe(0);
}, 30_000);

it("P8 keeps what it sampled while the event loop is held up for longer than it looks", async () => {
  const lag = new Lag();
  cleanUp.add(() => lag.close());
  // Each question comes in the turn that was held up, as a handshake's does.
  await eventually(() => {
    block(600);
    return lag.p99Ms > 300;
  });
  block(600);
  expect(lag.p99Ms).toBeGreaterThan(300);
});
