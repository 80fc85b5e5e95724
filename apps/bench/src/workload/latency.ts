/** Latency and cost at a fixed rate, on an open schedule. */
import { costFigures, latencyFigures, latencySeries, ledgerFigures } from "../figure-set.ts";
import type { Workload } from "../workload.ts";

const SERVERS = 2;
const USERS = 1_000;
const EVENTS_PER_S = 1_000;
/**
 * Longer than a ping interval of any target. Pings, acknowledgements and a courier's first look come within that time; until each
 * has come once, the compilers of V8 take tens of milliseconds a second from everybody.
 */
const WARM_UP_S = 30;
const SECONDS = 10;

export const latency: Workload = {
  name: "latency",
  title: "1,000 users on 2 gateways, 1,000 events/s, open loop",
  seconds: 50,
  async run({ target, stage: startStage, count, seconds, plot }) {
    const users = count(USERS);
    const stage = await startStage(SERVERS);
    await stage.connect({ from: 0, users });
    await stage.prime(users);
    const run = (s: number) => {
      const load = { from: 0, users, eventsPerS: EVENTS_PER_S, events: Math.ceil(EVENTS_PER_S * seconds(s)) };
      return stage.measure(() => stage.publisher.call("runOpen", load));
    };
    await run(WARM_UP_S);
    const measurement = await run(SECONDS);
    plot(latencySeries(measurement));
    return [
      ...latencyFigures(measurement),
      ...costFigures(measurement),
      ...ledgerFigures(measurement, target.keeps === "days"),
    ];
  },
};
