import { afterEach, expect, it } from "@jest/globals";
import { createCleanUp, eventually, startRedis } from "@doorstep/testkit";
import { startTestGateway } from "../support/gateway.ts";
import { openTestStore } from "../support/store.ts";

const EVENT = "x".repeat(60_000);
/** More than the kernel takes for one connection. */
const COUNT = 400;

const cleanUp = createCleanUp();
afterEach(() => cleanUp.run());

it("P8 closes a socket that does not read, once, and its log waits for it", async () => {
  const redis = await startRedis({ aof: false });
  cleanUp.add(() => redis.stop());
  const hub = await openTestStore(cleanUp, redis.url, { mailboxMaxBytes: 64 * 1_048_576 });
  const gateway = await startTestGateway(cleanUp, redis, {
    DOORSTEP_STUCK_MS: "400",
    DOORSTEP_SOCKET_BUDGET_BYTES: "65536",
  });
  const client = await gateway.connect("ann");
  const other = await gateway.connect("bob");
  await eventually(() => client.ready());
  await eventually(() => other.ready());
  client.pause();
  const offsets = [];
  for (let n = 0; n < COUNT; n++) offsets.push(...(await hub.publish("ann", [{ text: EVENT }])));

  await eventually(async () => (await gateway.metric("doorstep_closings_total", { code: "STUCK" })) > 0);
  await eventually(async () => expect(await gateway.metric("doorstep_connections")).toBe(1));
  expect(await gateway.metric("doorstep_users")).toBe(1);
  expect(await gateway.metric("doorstep_closings_total", { code: "STUCK" })).toBe(1);
  expect(other.disconnects).toEqual([]);

  const again = await gateway.connect("ann", { offset: "0-0" });
  await eventually(() => expect(again.offsets()).toHaveLength(COUNT));
  expect(again.offsets()).toEqual(offsets);
});
