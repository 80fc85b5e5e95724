import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { createCleanUp, eventually, type RedisServer, startRedis } from "@doorstep/testkit";
import { startTestGateway } from "../support/gateway.ts";

const SOCKETS = 50;
const INTERVAL_MS = 1_000;
/** How late a timer and a pong may be where 100 ends of connections share one busy event loop. */
const LATE_MS = 500;

const cleanUp = createCleanUp();
let redis: RedisServer;

beforeAll(async () => {
  redis = await startRedis({ aof: false });
  cleanUp.add(() => redis.stop());
});
afterAll(() => cleanUp.run());

describe("the pings of sockets that connect at once", () => {
  it("come at different times of the interval, and no client waits longer than that for any", async () => {
    const gateway = await startTestGateway(cleanUp, redis, { DOORSTEP_PING_INTERVAL_MS: String(INTERVAL_MS) });
    const connecting = Array.from({ length: SOCKETS }, async (_, n) => {
      // Every other one acknowledges by hand, whose pings nobody counts.
      const { socket } = await gateway.connect(`crowd-${n}`, { ack: n % 2 === 0 ? "auto" : "manual" });
      const timesMs: number[] = [];
      socket.io.on("open", () => timesMs.push(performance.now()));
      socket.io.on("ping", () => timesMs.push(performance.now()));
      return { socket, timesMs };
    });
    const clients = await Promise.all(connecting);
    await eventually(() => clients.every(({ timesMs }) => timesMs.length > 4));

    const waits = clients.map(({ timesMs }) => timesMs.slice(1).map((timeMs, i) => timeMs - (timesMs[i] ?? 0)));
    for (const [first = 0, second = 0, ...others] of waits) {
      expect(Math.max(first, second, ...others)).toBeLessThan(INTERVAL_MS + LATE_MS);
      // One cycle, not two. A random moment at the interval's very end may come right after the engine's own ping.
      expect(Math.min(...others)).toBeGreaterThan(INTERVAL_MS - LATE_MS);
    }
    // By chance all of them are within a tenth once in 10^47 times.
    const firsts = waits.map(([first = 0]) => first);
    expect(Math.max(...firsts) - Math.min(...firsts)).toBeGreaterThan(INTERVAL_MS / 10);
    const lasts = clients.map(({ timesMs }) => timesMs[4] ?? 0);
    expect(Math.max(...lasts) - Math.min(...lasts)).toBeGreaterThan(INTERVAL_MS / 10);
    expect(clients.every(({ socket }) => socket.connected)).toBe(true);
  });
});
