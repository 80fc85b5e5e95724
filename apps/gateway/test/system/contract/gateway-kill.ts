/** Contract: a gateway dies, and its clients lose nothing. */
import { describe, expect, it } from "@jest/globals";
import { eventually } from "@doorstep/testkit";
import type { Offset } from "@doorstep/protocol";
import type { Gateway } from "../support/deployment.ts";
import { connectSdk, offsetsOf, type SdkDevice } from "../support/device.ts";
import { readLog } from "../support/log.ts";
import { startPublisher } from "../support/publisher.ts";
import type { Stage } from "./stage.ts";

const USERS = 40;
const PER_USER = 60;

/** A device of a page that, when its gateway is gone, is sent to the other one with the offset it has. */
interface Movable {
  readonly userId: string;
  readonly offset: { value?: Offset };
  readonly lives: SdkDevice[];
}

/** Declares the tests. */
export function describeGatewayKill({ cleanUp, deploy }: Stage): void {
  describe("a gateway is killed under load", () => {
    it("P2 P5 moves its clients over with their offset, and what each received is gapless", async () => {
      const deployment = await deploy();
      const [doomed, other] = deployment.gateways as [Gateway, Gateway];
      const users = Array.from({ length: USERS }, (_, i) => `mover-${i}`);
      const movables: Movable[] = users.map((userId, i) => {
        const offset: { value?: Offset } = {};
        return {
          userId,
          offset,
          lives: [connectSdk(deployment, cleanUp, userId, i % 2 === 0 ? doomed : other, offset)],
        };
      });
      await eventually(() => movables.every(({ lives }) => lives[0]?.client.state.status === "live"));

      const publisher = await startPublisher(deployment, cleanUp, {
        name: "load",
        users,
        perUser: PER_USER,
        paceMs: 10,
      });
      await eventually(() => movables.every(({ lives }) => (lives[0]?.events.length ?? 0) > PER_USER / 4));
      await doomed.program.kill("SIGKILL");
      for (const movable of movables.filter((_, i) => i % 2 === 0)) {
        await movable.lives[0]?.client.close();
        movable.lives.push(connectSdk(deployment, cleanUp, movable.userId, other, movable.offset));
      }
      expect((await publisher.exited).code).toBe(0);

      await eventually(() => movables.every(({ lives }) => lives.flatMap(({ events }) => events).length >= PER_USER), {
        timeoutMs: 20_000,
      });
      for (const { userId, lives } of movables) {
        const log = await readLog(deployment.store, userId);
        expect(log).toHaveLength(PER_USER);
        expect(offsetsOf(lives.flatMap(({ events }) => events))).toEqual(log);
        expect(lives.flatMap(({ gaps }) => gaps)).toEqual([]);
      }
    }, 60_000);

    it("P5 lets a client come back by itself once a gateway listens at its address again", async () => {
      const deployment = await deploy({ gateways: 1 });
      const [gateway] = deployment.gateways as [Gateway];
      const device = connectSdk(deployment, cleanUp, "gina", gateway);
      await eventually(() => device.client.state.status === "live");
      await deployment.post("/v1/publish", { userId: "gina", type: "note", data: { n: 1 } });
      await eventually(() => device.events.length === 1);
      await gateway.program.kill("SIGKILL");
      await eventually(() => device.client.state.status === "reconnecting");
      const again = await deployment.startGateway(gateway);
      await deployment.post("/v1/publish", { userId: "gina", type: "note", data: { n: 2 } }, again);
      await eventually(() => device.events.length === 2, { timeoutMs: 20_000 });
      expect(offsetsOf(device.events)).toEqual(await readLog(deployment.store, "gina"));
      expect(device.gaps).toEqual([]);
    }, 60_000);
  });
}
