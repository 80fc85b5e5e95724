/** Latency and cost at a fixed rate, on an open schedule. */
import { costFigures, latencyFigures, latencySeries, ledgerFigures } from "../figure-set.ts";
import type { Workload } from "../workload.ts";

const SERVERS = 2;
const USERS = 1_000;
const EVENTS_PER_S = 1_000;
/** The ping interval of all targets: users who came over that time are pinged, and acknowledge, at all times alike. */
const CONNECT_S = 25;
/** Until V8's compilers are done, also with what pings and acknowledgements need: they take their time from everybody. */
const WARM_UP_S = 12;
const SECONDS = 10;

export const latency: Workload = {
  name: "latency",
  title: "1,000 users on 2 gateways, 1,000 events/s, open loop",
  seconds: 55,
  async run({ target, stage: startStage, count, seconds, plot }) {
    const users = count(USERS);
    const stage = await startStage(SERVERS);
    await stage.connect({ from: 0, users, overS: seconds(CONNECT_S) });
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
