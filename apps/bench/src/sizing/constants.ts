/**
 * The constants of the cost model: what one of each thing costs, measured on real processes by measure.ts and kept in
 * constants.json beside this file. Here stands what each means and where it comes from; no number stands in the code.
 */
import { readFile, writeFile } from "node:fs/promises";

import type { Machine } from "../result.ts";

/** What a constant means, in which unit, and how it is measured. */
interface Meaning {
  readonly title: string;
  readonly unit: "us" | "us/s" | "bytes";
  readonly from: string;
}

/** How the measurements are called that constants come from. */
const BURST = "Redis stopped while requests arrive, then let go: it is never idle";
const FRESH = "`used_memory` before and after";

export const MEANINGS = {
  redisEventUs: { title: "Redis: an event, a call of its own, nobody listens", unit: "us", from: BURST },
  redisBatchedUs: { title: "Redis: an event of a `publishMany` of 100 to 100 users", unit: "us", from: BURST },
  redisPushUs: { title: "Redis: each gateway that listens to the event's user", unit: "us", from: BURST },
  redisAckUs: { title: "Redis: an acknowledgement", unit: "us", from: BURST },
  redisPageUs: { title: "Redis: a catch-up page of 20 events", unit: "us", from: BURST },
  redisHeadUs: { title: "Redis: a user of a head check", unit: "us", from: "calls of 16 users against calls of one" },
  redisHeadCallUs: { title: "Redis: a partition of a head check", unit: "us", from: "the same" },
  redisWakeUs: {
    title: "Redis: a request that finds it idle, besides",
    unit: "us",
    from: "events 2 ms apart against events 10 ms apart",
  },
  redisConnectUs: { title: "Redis: a connection made and ended", unit: "us", from: "1,000 clients connect" },
  redisHeldUs: { title: "Redis: an event held, 20 a user", unit: "us", from: "a courier takes 10,000 events" },
  redisLookUs: { title: "Redis: a courier's look at a user who is online", unit: "us", from: "a courier sweeps them" },
  redisIdleUs: { title: "Redis: itself", unit: "us/s", from: "nothing is asked of it, another hub is at work" },
  redisClusterUs: {
    title: "Redis: being one of a Cluster's masters",
    unit: "us/s",
    from: "three masters against one",
  },
  redisGatewayUs: {
    title: "Redis: each gateway, on each master",
    unit: "us/s",
    from: "six gateways with one client each",
  },
  redisSweepUs: { title: "Redis: the hub's sweeps and one courier", unit: "us/s", from: "one courier, nobody due" },
  redisCourierUs: { title: "Redis: each further courier", unit: "us/s", from: "four couriers against one" },
  redisUserBytes: { title: "Redis memory: a user's keys", unit: "bytes", from: FRESH },
  redisEventBytes: { title: "Redis memory: an event in the log", unit: "bytes", from: FRESH },
  redisHeldBytes: { title: "Redis memory: a held event, 20 a parcel, besides the log", unit: "bytes", from: FRESH },
  redisIdBytes: { title: "Redis memory: an id of the caller's, while deduplicated", unit: "bytes", from: FRESH },
  redisConnectionBytes: { title: "Redis memory: a connection's note and channel", unit: "bytes", from: FRESH },
  gatewayEventUs: {
    title: "Gateway: an event to a user's first socket there",
    unit: "us",
    from: "gateway stopped, then let go",
  },
  gatewayCopyUs: {
    title: "Gateway: each further socket of the user there",
    unit: "us",
    from: "the same, two sockets a user",
  },
  gatewayWakeUs: {
    title: "Gateway: a push that finds it idle, besides",
    unit: "us",
    from: "300 events/s against 100",
  },
  gatewayAckUs: {
    title: "Gateway: an acknowledgement by pong, the ping besides",
    unit: "us",
    from: "each pong acknowledges, against none",
  },
  gatewayPingUs: {
    title: "Gateway: a ping and its pong, which find it idle",
    unit: "us",
    from: "1,000 idle clients, 400 pings a second against 80",
  },
  gatewayHeadUs: { title: "Gateway: a user of a head check", unit: "us", from: "a check every 500 ms, against none" },
  gatewayConnectUs: { title: "Gateway: a connection made and ended", unit: "us", from: "1,000 clients connect" },
  gatewayIdleUs: { title: "Gateway: itself", unit: "us/s", from: "300 events/s against 100, without those events" },
  gatewayConnectionBytes: {
    title: "Gateway memory: a connection",
    unit: "bytes",
    from: "resident memory, 1,000 clients against 3,000",
  },
  gatewayBaseBytes: { title: "Gateway memory: itself", unit: "bytes", from: "resident memory, no clients" },
  courierHeldUs: { title: "Courier: an event held, 20 a user", unit: "us", from: "a courier takes 10,000 events" },
  courierLookUs: { title: "Courier: a look at a user who is online", unit: "us", from: "a courier sweeps them" },
  courierIdleUs: { title: "Courier: itself", unit: "us/s", from: "nobody due" },
  publishBytes: { title: "Network: an event, publisher to Redis", unit: "bytes", from: "`total_net_input_bytes`" },
  pushBytes: {
    title: "Network: an event, Redis to each gateway that listens",
    unit: "bytes",
    from: "`total_net_output_bytes`",
  },
  aofBytes: {
    title: "Network and disk: an event, to replicas and the append-only file",
    unit: "bytes",
    from: "growth of the file",
  },
  socketBytes: {
    title: "Network: an event, gateway to each socket",
    unit: "bytes",
    from: "what clients got, headers of WebSocket and TCP not counted",
  },
} as const satisfies Record<string, Meaning>;

export type ConstantName = keyof typeof MEANINGS;
export type Constants = Readonly<Record<ConstantName, number>>;

/** What constants.json holds. */
export interface ConstantsFile {
  /** RFC 3339. */
  readonly measuredAt: string;
  readonly machine: Machine;
  readonly versions: Readonly<Record<string, string>>;
  readonly repetitions: number;
  /** Medians. */
  readonly constants: Constants;
  /** Least and most of all repetitions. */
  readonly spread: Readonly<Record<ConstantName, readonly [least: number, most: number]>>;
}

/** In the sources, whether this runs from them or from the build. */
const FILE = new URL("../../src/sizing/constants.json", import.meta.url);

export async function readConstants(): Promise<ConstantsFile> {
  return JSON.parse(await readFile(FILE, "utf8")) as ConstantsFile;
}

export async function writeConstants(file: ConstantsFile): Promise<void> {
  // A pair of numbers on one line, as the formatter has it.
  const text = JSON.stringify(file, undefined, 2).replaceAll(/\[\s+(\S+),\s+(\S+)\s+\]/g, "[$1, $2]");
  await writeFile(FILE, `${text}\n`);
}
