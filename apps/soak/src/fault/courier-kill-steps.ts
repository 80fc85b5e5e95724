/**
 * A courier dies after each step of its work: of holding (read, job added, committed) and of expiry (found due, dead letter
 * added, tombstone set). Another one is there, and the next life of the same.
 */
import { untilNoOrphans } from "../custody.ts";
import type { Fault } from "../fault.ts";
import { dieAtStep, type Step } from "../step.ts";

const CUSTODY = { module: "custody", class: "Custody" } as const;
const STEPS: readonly Step[] = [
  { name: "read", ...CUSTODY, method: "unheld", when: "after" },
  { name: "job added", ...CUSTODY, method: "hold", when: "before" },
  { name: "committed", ...CUSTODY, method: "hold", when: "after" },
  { name: "found due", ...CUSTODY, method: "isListed", when: "after" },
  { name: "dead letter added", ...CUSTODY, method: "expire", when: "before" },
  { name: "tombstone set", ...CUSTODY, method: "expire", when: "after" },
];

export const courierKillSteps: Fault = {
  name: "courier-kill-steps",
  does: "kills a courier with SIGKILL after each of the six steps of holding and expiry",
  logMaxEvents: 30,
  expiring: true,
  async run({ hub, history, workload }, random) {
    const courier = random.pick(hub.couriers);
    await courier.kill();
    for (const step of STEPS) await dieAtStep(courier, step, random.integer(1, 4), history);
    await courier.restart();
    await untilNoOrphans(hub, workload.everybody, history);
  },
};
