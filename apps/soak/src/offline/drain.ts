/**
 * Drain: one user has as many held events as a mailbox takes, and reads them all, from the first packet of the connection to
 * the last event. The client acknowledges nothing, so each connection of a repetition reads the same.
 *
 * The first connection to a fresh gateway is told apart: it waits for code that no other one has used yet.
 */
import { type Figure, type Limit, median, NEVER } from "@doorstep/testkit";

import type { Away } from "./away.ts";
import { measureFootprint } from "./footprint.ts";
import { LOG_DEFAULT, LOG_LEAST, type OfflineHub, withHub } from "./hub.ts";
import { Reader } from "./reader.ts";

const EVENTS = 10_000;
const MAX_MS: Limit = { kind: "at most", value: 1_000 };
const CONNECTIONS = 5;
const PATIENCE_MS = 60_000;
const ALONE: Away = { prefix: "hoarder-", users: 1, eventsEach: EVENTS, eventsPerS: EVENTS };
const USER_ID = "hoarder-0";

/** Measures with the log's default and with parcels alone. */
export async function measureDrain(): Promise<Figure[]> {
  const inParcels = await withHub(LOG_LEAST, (hub) => drain(hub, "10,000 events, parcels alone"));
  const inLog = await withHub(LOG_DEFAULT, (hub) => drain(hub, "10,000 events, the last 1,000 in the log as well"));
  return [...inParcels, ...inLog];
}

async function drain(hub: OfflineHub, what: string): Promise<Figure[]> {
  await hub.startCourier();
  const footprint = await measureFootprint(hub, ALONE, what);
  const times: number[] = [];
  let faults = 0;
  for (let i = 0; i < CONNECTIONS; i++) {
    const { ms, reader } = await readAll(hub.gateway.url);
    times.push(ms);
    faults += reader.faults + reader.gaps + reader.retries;
  }
  const [first = Number.NaN, ...later] = times;
  return [
    footprint,
    { name: `${what}: read by the first connection`, value: first, unit: "ms" },
    { name: `${what}: read by the next four (median)`, value: median(later), unit: "ms", limit: MAX_MS },
    { name: `${what}: out of order, twice, gaps, reconnections`, value: faults, unit: "", limit: NEVER },
  ];
}

/** Reads everything over a new connection; throws where it does not come in time. */
async function readAll(url: string): Promise<{ ms: number; reader: Reader }> {
  const patience = AbortSignal.timeout(PATIENCE_MS);
  const beganAtMs = performance.now();
  let ms = Number.NaN;
  const reader = await new Promise<Reader>((resolve, reject) => {
    patience.addEventListener("abort", () => reject(new Error("the reader did not get everything in time")));
    const onComplete = (): void => {
      ms = performance.now() - beganAtMs;
      resolve(reader);
    };
    const reader = new Reader({ url, userId: USER_ID, count: EVENTS, onComplete, ack: "manual" });
    reader.connect();
  });
  reader.close();
  return { ms, reader };
}
