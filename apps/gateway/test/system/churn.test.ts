import { afterAll, describe, expect, it } from "@jest/globals";
import { createCleanUp, eventually, redisCall } from "@doorstep/testkit";
import { type Gateway, readMetric, startDeployment } from "./support/deployment.ts";
import { type BareDevice, connectBare } from "./support/device.ts";

/** A round more or less makes no difference to a leak; DOORSTEP_CHURN="20x1000" is the long form. */
const [CYCLES = 5, SOCKETS = 200] = (process.env["DOORSTEP_CHURN"] ?? "5x200").split("x").map(Number);
const WARM_UP = 3;

describe(`${CYCLES} cycles of ${SOCKETS} connects and disconnects`, () => {
  const cleanUp = createCleanUp();
  afterAll(() => cleanUp.run());

  it("P8 leave the gateway's heap and Redis as they were", async () => {
    const preload = new URL("./support/heap.mjs", import.meta.url).href;
    const deployment = await startDeployment(cleanUp, { gateways: 1, env: { NODE_OPTIONS: `--import=${preload}` } });
    const [gateway] = deployment.gateways as [Gateway];

    const cycle = async (): Promise<void> => {
      const own = createCleanUp();
      const devices: BareDevice[] = [];
      for (let i = 0; i < SOCKETS; i++) {
        devices.push(await connectBare(deployment, own, `user-${i}`, gateway));
        if (i % 100 === 99)
          await eventually(() => devices.every(({ ready }) => ready.length > 0), { timeoutMs: 20_000 });
      }
      await eventually(() => devices.every(({ ready }) => ready.length > 0), { timeoutMs: 20_000 });
      await own.run();
      await eventually(async () => (await readMetric(gateway.adminUrl, "doorstep_connections")) === 0);
    };
    const heapBytes = async (): Promise<number> => {
      const count = gateway.program.lines.length;
      process.kill(gateway.program.pid, "SIGUSR2");
      const line = await eventually(
        () => gateway.program.lines.slice(count).find(({ fields }) => fields?.["msg"] === "heap") ?? null,
      );
      return Number(line.fields?.["usedBytes"]);
    };
    const redisKeys = () => redisCall(Number(new URL(deployment.redis.url).port), "DBSIZE");

    for (let i = 0; i < WARM_UP; i++) await cycle();
    const [heapBefore, keysBefore] = [await heapBytes(), await redisKeys()];
    for (let i = 0; i < CYCLES; i++) await cycle();
    const [heapAfter, keysAfter] = [await heapBytes(), await redisKeys()];
    expect(heapAfter / heapBefore).toBeLessThan(1.1);
    expect(keysAfter).toEqual(keysBefore);
    expect(await readMetric(gateway.adminUrl, "doorstep_users")).toBe(0);
  }, 600_000);
});
