/** Contract: all events to everybody, by several publishers through several gateways. */
import { describe, expect, it } from "@jest/globals";
import { eventually } from "@doorstep/testkit";
import { readMetric } from "../support/deployment.ts";
import { connectSdk, offsetsOf, type SdkDevice } from "../support/device.ts";
import { readLog } from "../support/log.ts";
import { startPublisher } from "../support/publisher.ts";
import type { Stage } from "./stage.ts";

const USERS = 200;
const PER_USER = 20;
const PUBLISHERS = 3;
const TWO_DEVICES = 10;

/** Declares the tests. */
export function describeDelivery({ cleanUp, deploy }: Stage): void {
  describe("delivery with two gateways and three publisher processes", () => {
    it("P1 P2 P4 P9 delivers every event once, in log order, and wakes only the gateway that holds the user", async () => {
      const deployment = await deploy();
      const [first, second] = deployment.gateways;
      if (first === undefined || second === undefined) throw new Error("two gateways were started");
      const users = Array.from({ length: USERS }, (_, i) => `user-${i}`);
      const devices: { userId: string; device: SdkDevice }[] = users.map((userId, i) => ({
        userId,
        device: connectSdk(deployment, cleanUp, userId, i < USERS / 2 ? first : second),
      }));
      for (const userId of users.slice(0, TWO_DEVICES)) {
        devices.push({ userId, device: connectSdk(deployment, cleanUp, userId, second) });
      }
      await eventually(() => devices.every(({ device }) => device.client.state.status === "live"), {
        timeoutMs: 20_000,
      });

      const publishers = await Promise.all(
        Array.from({ length: PUBLISHERS }, (_, i) =>
          startPublisher(deployment, cleanUp, { name: `p${i}`, users, perUser: PER_USER }),
        ),
      );
      const exits = await Promise.all(publishers.map((publisher) => publisher.exited));
      expect(exits.map(({ code }) => code)).toEqual([0, 0, 0]);

      const perUser = PER_USER * PUBLISHERS;
      await eventually(() => devices.every(({ device }) => device.events.length >= perUser), { timeoutMs: 20_000 });
      for (const { userId, device } of devices) {
        expect(offsetsOf(device.events)).toEqual(await readLog(deployment.store, userId));
        expect(device.gaps).toEqual([]);
        for (let i = 0; i < PUBLISHERS; i++) {
          const own = device.events.filter(({ source }) => source === `urn:test:p${i}`);
          expect(own.map(({ data }) => (data as { n: number }).n)).toEqual(
            Array.from({ length: PER_USER }, (_, n) => n),
          );
        }
      }

      const usersOf = [USERS / 2, USERS / 2 + TWO_DEVICES];
      for (const [i, gateway] of deployment.gateways.entries()) {
        expect(await readMetric(gateway.adminUrl, "doorstep_pushed_events_total")).toBe((usersOf[i] ?? 0) * perUser);
        expect(await readMetric(gateway.adminUrl, "doorstep_push_messages_total", 'kind="unknown"')).toBe(0);
      }
    }, 90_000);
  });
}
