import { afterEach, describe, expect, it } from "@jest/globals";
import { createCleanUp, eventually, startRedis } from "@doorstep/testkit";
import { startTestGateway, type TestGateway } from "./support/gateway.ts";
import { openTestStore } from "./support/store.ts";

const cleanUp = createCleanUp();
afterEach(() => cleanUp.run());

const isReady = async (gateway: TestGateway): Promise<boolean> =>
  (await fetch(`${gateway.adminUrl}/readyz`)).status === 200;

describe("a gateway and its Redis", () => {
  it("P5 keeps its sockets through a kill -9 and a restart of Redis, and they miss nothing", async () => {
    const redis = await startRedis({ args: ["--appendfsync", "always"] });
    cleanUp.add(() => redis.stop());
    const gateway = await startTestGateway(cleanUp, redis);
    const client = await gateway.connect("ann");
    await eventually(() => client.ready());
    const first = await (await openTestStore(cleanUp, redis.url)).publish("ann", 2);
    await eventually(() => expect(client.offsets()).toEqual(first));

    await redis.kill();
    await eventually(async () => !(await isReady(gateway)));
    await redis.restart();
    const second = await (await openTestStore(cleanUp, redis.url)).publish("ann", 2);
    await eventually(() => expect(client.offsets()).toEqual([...first, ...second]));
    await eventually(() => isReady(gateway));
    const third = await (await openTestStore(cleanUp, redis.url)).publish("ann", 1);
    await eventually(() => expect(client.offsets()).toEqual([...first, ...second, ...third]));
    expect([client.disconnects, client.gaps(), gateway.exits]).toEqual([[], [], []]);
  });

  it("P5 P10 tells STORE_LOST, retryable, while Redis is frozen, and is ready again by itself", async () => {
    const redis = await startRedis({ aof: false });
    cleanUp.add(() => redis.stop());
    const gateway = await startTestGateway(cleanUp, redis);
    const ann = await gateway.connect("ann");
    await eventually(() => ann.ready());

    await redis.kill("SIGSTOP");
    ann.socket.disconnect();
    const bob = await gateway.connect("bob");
    await eventually(() => expect(bob.said("closing")).toHaveLength(1));
    expect(bob.said("closing")).toMatchObject([{ code: "STORE_LOST", retryable: true, afterMs: expect.any(Number) }]);
    await eventually(() => expect(bob.disconnects).toEqual(["transport close"]));

    await redis.kill("SIGCONT");
    await eventually(() => isReady(gateway));
    const again = await gateway.connect("bob");
    await eventually(() => again.ready());
    const offsets = await (await openTestStore(cleanUp, redis.url)).publish("bob", 1);
    await eventually(() => expect(again.offsets()).toEqual(offsets));
    expect(gateway.exits).toEqual([]);
  });
});
