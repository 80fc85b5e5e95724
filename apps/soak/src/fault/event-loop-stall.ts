/** A gateway computes: nothing else of it runs, longer than its clients wait for a ping, and everything waits in its sockets. */
import { setTimeout as delay } from "node:timers/promises";
import { eventually } from "@doorstep/testkit";

import type { Fault } from "../fault.ts";
import { preload } from "../preload.ts";

const STALL_MS = 4_000;
const END_MS = 10_000;

export const eventLoopStall: Fault = {
  name: "event-loop-stall",
  does: "blocks the event loop of a gateway for 4 s",
  ownEnv: (program) => (program.startsWith("gateway") ? preload("stall", { ms: STALL_MS }) : {}),
  async run({ hub }, random) {
    const gateway = random.pick(hub.gateways);
    const { lines } = gateway.process.program;
    const stalls = (): number => lines.filter(({ fields }) => fields["msg"] === "stall over").length;
    const before = stalls();
    gateway.poke();
    await delay(STALL_MS);
    await eventually(() => stalls() > before, { timeoutMs: END_MS, message: `${gateway.name} did not come back` });
  },
};
