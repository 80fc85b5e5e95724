/** Contract: what left the log is missing with an explicit gap. */
import { describe, expect, it } from "@jest/globals";
import type { Envelope, Offset } from "@doorstep/protocol";
import { eventually } from "@doorstep/testkit";
import type { Gateway } from "../support/deployment.ts";
import { connectBare, connectSdk, numbersOf } from "../support/device.ts";
import type { Stage } from "./stage.ts";

const KEPT = 50;
const PUBLISHED = 200;

/** Declares the tests. */
export function describeRetention({ cleanUp, deploy }: Stage): void {
  describe("a device that comes back after its events left the log", () => {
    it("P2 P10 gets a gap with the right range and then the rest, on our client and on a bare one", async () => {
      const deployment = await deploy({ env: { DOORSTEP_LOG_MAX_EVENTS: String(KEPT) } });
      const [gateway] = deployment.gateways as [Gateway];
      const publish = async (n: number): Promise<Offset> => {
        const { body } = await deployment.post("/v1/publish", { userId: "rita", type: "note", data: { n } });
        return (body as { offset: Offset }).offset;
      };
      // The phone sees the first event and goes; the laptop stays and acknowledges everything.
      const phone: { value?: Offset } = {};
      const early = connectSdk(deployment, cleanUp, "rita", gateway, phone);
      const laptop = connectSdk(deployment, cleanUp, "rita", gateway);
      await eventually(() => early.client.state.status === "live" && laptop.client.state.status === "live");
      await publish(0);
      await eventually(() => early.events.length === 1);
      await early.client.close();
      const presented = phone.value;

      const offsets: Offset[] = [];
      for (let n = 1; n <= PUBLISHED; n++) {
        offsets.push(await publish(n));
        // Retention touches only what was acknowledged, and acks come with pongs.
        if (n % 40 === 0) {
          const keys = deployment.store.log.keysOf("rita");
          await eventually(async () => (await deployment.store.log.heads([keys]))[0]?.undelivered === 0);
        }
      }
      const keys = deployment.store.log.keysOf("rita");
      const { trimmed, entries } = await deployment.store.log.read(keys, "0-0", 1_000, 1_000_000);
      expect(offsets).toContain(trimmed);
      const gap = { from: presented, to: trimmed, reason: "trimmed" };

      const late = connectSdk(deployment, cleanUp, "rita", gateway, phone);
      const bare = await connectBare(deployment, cleanUp, "rita", gateway, { offset: presented });
      await eventually(() => late.client.state.status === "live" && bare.ready.length === 1);
      for (const device of [late, bare]) {
        expect(device.gaps).toEqual([gap]);
        expect(device.events.map((event: Envelope) => event.offset)).toEqual(entries.map(({ offset }) => offset));
        expect(numbersOf(device.events).at(-1)).toBe(PUBLISHED);
      }
      expect(bare.ready).toMatchObject([{ recovered: false, offset: offsets.at(-1) }]);
      expect(numbersOf(laptop.events)).toEqual(Array.from({ length: PUBLISHED + 1 }, (_, n) => n));
      expect(laptop.gaps).toEqual([]);
    }, 60_000);
  });
}
