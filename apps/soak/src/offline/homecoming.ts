/**
 * Homecoming: everybody is away until everything is in parcels; then all come back in the same moment. How many bytes a
 * held event took meanwhile, and how long until the last user has everything, in order and once.
 *
 * With the log's default, events are read from the log, which keeps them for devices that resume, and parcels hold them a
 * second time. With a log of one event, parcels alone have them.
 */
import { type Figure, type Limit, NEVER, programPath, readMemory, runActor } from "@doorstep/testkit";

import type { Away } from "./away.ts";
import type { CrowdOrders } from "./crowd/main.ts";
import { measureFootprint } from "./footprint.ts";
import { LOG_DEFAULT, LOG_LEAST, type OfflineHub, withHub } from "./hub.ts";

/** Measures with the log's default and with parcels alone. */
export async function measureHomecoming(away: Away): Promise<Figure[]> {
  const inParcels = await withHub(LOG_LEAST, (hub) => comeHome(hub, away, "parcels alone"));
  const inLog = await withHub(LOG_DEFAULT, (hub) => comeHome(hub, away, "log as well"));
  return [...inParcels, ...inLog];
}

async function comeHome(hub: OfflineHub, away: Away, where: string): Promise<Figure[]> {
  await hub.startCourier();
  const footprint = await measureFootprint(hub, away, where);
  const { pid } = hub.gateway.program;
  const { rssMb } = await readMemory(pid);
  const orders: CrowdOrders = { gatewayUrl: hub.gateway.url, away };
  const report = await runActor({
    name: "crowd",
    script: programPath("soak", "offline/crowd/main.js"),
    orders,
    cleanUp: hub.cleanUp,
  });
  const { peakMb } = await readMemory(pid);
  const figure = (name: string, value: unknown, unit: string, limit?: Limit): Figure => ({
    name: `${where}: ${name}`,
    value: Number(value),
    unit,
    ...(limit === undefined ? {} : { limit }),
  });
  return [
    footprint,
    figure("half of the users have everything", report["p50S"], "s"),
    figure("99 of 100 users have everything", report["p99S"], "s"),
    figure("the last user has everything", report["lastS"], "s"),
    figure("users who miss something", report["incomplete"], "", NEVER),
    figure("events out of order or twice", report["faults"], "", NEVER),
    figure("gaps", report["gaps"], "", NEVER),
    figure("connections that were tried again", report["retries"], ""),
    figure("gateway before", rssMb, "MB"),
    figure("gateway at most", peakMb, "MB"),
  ];
}
