/** Contract: an event id stands for one event of a user. */
import { describe, expect, it } from "@jest/globals";
import { createHub } from "@doorstep/agent";
import { eventually } from "@doorstep/testkit";
import type { Gateway } from "../support/deployment.ts";
import { connectSdk, numbersOf } from "../support/device.ts";
import { readLog } from "../support/log.ts";
import type { Stage } from "./stage.ts";

/** Declares the tests. */
export function describeIdempotency({ cleanUp, deploy }: Stage): void {
  describe("an event id that is used twice", () => {
    it("P1 gives the same offset and one delivery over HTTP and the SDK, and a conflict for another body", async () => {
      const deployment = await deploy();
      const [first, second] = deployment.gateways as [Gateway, Gateway];
      const device = connectSdk(deployment, cleanUp, "anna", first);
      await eventually(() => device.client.state.status === "live");
      const hub = createHub({ redis: deployment.redisUrl, source: "urn:test:twice" });
      cleanUp.add(() => hub.close());

      const event = { userId: "anna", id: "order-7", type: "note", data: { n: 7 } };
      const once = await deployment.post("/v1/publish", event, first);
      const twice = await deployment.post("/v1/publish", event, second);
      expect(once).toMatchObject({ status: 200, body: { id: "order-7", duplicate: false } });
      expect(twice).toEqual({ status: 200, body: { ...(once.body as object), duplicate: true } });

      const other = await deployment.post("/v1/publish", { ...event, data: { n: 8 } }, second);
      expect(other).toMatchObject({ status: 409, body: { code: "CONFLICT", retryable: false } });

      const viaSdk = await hub.publish({ userId: "anna" }, "note", { n: 1 }, { id: "sdk-1" });
      const again = await hub.publish({ userId: "anna" }, "note", { n: 1 }, { id: "sdk-1" });
      expect(again).toEqual({ ...viaSdk, duplicate: true });
      await expect(hub.publish({ userId: "anna" }, "note", { n: 2 }, { id: "sdk-1" })).rejects.toMatchObject({
        code: "CONFLICT",
      });

      // The same id for another user is another event.
      const bert = await deployment.post("/v1/publish", { ...event, userId: "bert" });
      expect(bert).toMatchObject({ status: 200, body: { duplicate: false } });

      await deployment.post("/v1/publish", { userId: "anna", type: "note", data: { n: "last" } });
      await eventually(() => numbersOf(device.events).includes("last"));
      expect(numbersOf(device.events)).toEqual([7, 1, "last"]);
      expect(await readLog(deployment.store, "anna")).toHaveLength(3);
    }, 60_000);
  });
}
