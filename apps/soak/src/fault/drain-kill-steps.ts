/**
 * A gateway dies after each step by which parcels leave: it found that a page stands in parcels, and it was told which ones an
 * acknowledgement let go, whose jobs are still there. Users who were away come to it for that, and leave again.
 */
import { untilHeld } from "../custody.ts";
import type { Device } from "../device.ts";
import type { Fault } from "../fault.ts";
import { dieAtStep, type Step } from "../step.ts";

const LOG = { module: "log", class: "Log" } as const;
const FOUND: Step = { name: "parcels found", ...LOG, method: "read", when: "after", having: "custody" };
const LET_GO: Step = { name: "parcels let go", ...LOG, method: "ackAll", when: "after", having: "released" };

export const drainKillSteps: Fault = {
  name: "drain-kill-steps",
  does: "kills a gateway with SIGKILL after each of the two steps by which returning users' parcels leave",
  logMaxEvents: 30,
  async run({ hub, workload, history }, random) {
    const gateway = random.pick(hub.gateways);
    await gateway.kill();
    await untilHeld(hub, workload.away, history);
    let devices: Device[] = [];
    await dieAtStep(gateway, FOUND, random.integer(1, 2), history, () => {
      devices = workload.away.map((userId) => workload.addDevice(userId, gateway.process.url));
    });
    // They come again by themselves.
    await dieAtStep(gateway, LET_GO, 1, history);
    await gateway.restart();
    await Promise.all(devices.map((device) => device.disconnect()));
  },
};
