/**
 * What an idle hub asks of Redis. It is counted per turn of its own clock (a lease renewed and heads checked, a sweep), not per second: how often
 * a clock turns is a setting, and on a busy machine it turns less often.
 */
import { setTimeout as delay } from "node:timers/promises";
import { type CleanUp, createHubProcesses, type Figure, startRedis } from "@doorstep/testkit";

import { type RedisUsage, watchUsage } from "../usage.ts";
import { Scene } from "./scene.ts";

/** A lease is renewed three times in its life, as often as heads are checked here. */
const LEASE_MS = 500;
const GATEWAY = {
  DOORSTEP_HEAD_CHECK_MS: String(Math.round(LEASE_MS / 3)),
  DOORSTEP_GATEWAY_LEASE_MS: String(LEASE_MS),
};
const COURIER = { NODE_ENV: "production", DOORSTEP_GRACE_MS: "10000", DOORSTEP_SWEEP_INTERVAL_MS: "100" };
const SETTLE_MS = 1_500;
const WATCH_MS = 4_000;
const SWEEPS = /^doorstep_sweeps_total\{[^}]*\} (\d+)$/gm;

/** An idle gateway with users who were sent something: leases, and looks at the heads of their logs. */
export async function measureIdleGateway(users: number, cleanUp: CleanUp): Promise<Figure[]> {
  const scene = await Scene.start(cleanUp, GATEWAY);
  await scene.addGateways(1);
  await scene.connect(users);
  await scene.publish(Array.from({ length: users }, (_, user) => user));
  const usage = await watch(scene.redis.port);
  // Each renewal of a lease is one entry among the leases.
  const renewals = usage.calls["zadd"] ?? 0;
  const figure = (name: string, value: number, unit = ""): Figure => ({
    name: `idle gateway with ${users} users: ${name} per turn`,
    value: value / renewals,
    unit,
  });
  return [
    figure("script calls", usage.calls["evalsha"] ?? 0),
    figure("Redis bytes", usage.bytesIn + usage.bytesOut, "bytes"),
  ];
}

/** An idle courier, nobody away. */
export async function measureIdleCourier(cleanUp: CleanUp): Promise<Figure[]> {
  const redis = await startRedis();
  cleanUp.add(() => redis.stop());
  const { adminUrl } = await createHubProcesses({ redisUrl: redis.url, cleanUp, env: COURIER }).startCourier();
  let swept = 0;
  const usage = await watch(redis.port, async () => {
    const text = await (await fetch(`${adminUrl}/metrics`)).text();
    const sum = [...text.matchAll(SWEEPS)].reduce((total, [, count]) => total + Number(count), 0);
    swept = sum - swept;
  });
  // How many calls its queues make depends on which of them happen to wait; what they carry does not.
  return [
    { name: "idle courier: Redis bytes per sweep", value: (usage.bytesIn + usage.bytesOut) / swept, unit: "bytes" },
  ];
}

/** Lets what is being started come to an end, then watches for a while; `look` is called at both ends of it. */
async function watch(redisPort: number, look: () => Promise<void> = async () => undefined): Promise<RedisUsage> {
  await delay(SETTLE_MS);
  const own = await (await watchUsage({}, redisPort))();
  // A look takes time on a busy machine: it comes second at both ends, so that both intervals are as long.
  const end = await watchUsage({}, redisPort);
  await look();
  await delay(WATCH_MS);
  const { redis } = await end();
  await look();
  return {
    commands: redis.commands - own.redis.commands,
    bytesIn: redis.bytesIn - own.redis.bytesIn,
    bytesOut: redis.bytesOut - own.redis.bytesOut,
    calls: redis.calls,
  };
}
