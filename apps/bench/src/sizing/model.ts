/**
 * The cost model: constants times load, summed. Everything is per second of the load's peak, on all processes of a kind.
 *
 * A request that finds its process idle costs more than one that finds it at work: the process has to wake. At a use of u
 * that happens to 1 - u of the requests, so a process that has `work` to do uses
 *
 *   u = work + arrivals * wake * (1 - u)     and so     u = (work + arrivals * wake) / (1 + arrivals * wake)
 *
 * where `arrivals` are events; what comes seldom, such as pings, has its waking in what it costs.
 *
 * Gateways share the load evenly, and so do masters but for what balance.ts tells; a user's devices are on any gateways.
 */
import type { Constants } from "./constants.ts";
import { type Load, type Rates, ratesOf } from "./load.ts";

/** How many processes there are of each kind. */
export interface Fleet {
  readonly gateways: number;
  readonly masters: number;
  readonly couriers: number;
}

/** What one kind of process has to do: parts by name, in microseconds a second, and what wakes it. */
export interface Work {
  readonly parts: Readonly<Record<string, number>>;
  /** Requests a second that may find it idle, and what each that does costs besides. */
  readonly arrivals: number;
  readonly wakeUs: number;
}

/** What a hub needs, all processes of a kind together. */
export interface Demand {
  readonly gateway: Work;
  readonly redis: Work;
  readonly courier: Work;
  /** By what it is for; of all masters, without replicas. */
  readonly redisBytes: Readonly<Record<string, number>>;
  readonly gatewayBytes: number;
  /** Bytes a second, by way. */
  readonly network: Readonly<Record<string, number>>;
}

const US_PER_S = 1e6;
/** Acknowledgements of a gateway leave together so many times a second: apps/gateway, acknowledger.ts. */
const ACK_ROUNDS_PER_S = 2;
/** Requests of a courier to Redis for an event it holds, in parcels of 20. */
const REQUESTS_PER_HELD = 0.25;

export function demandOf(c: Constants, load: Load, fleet: Fleet): Demand {
  const rates = ratesOf(load);
  const { first, further } = placesOf(load, fleet.gateways);
  return {
    gateway: {
      parts: {
        events: rates.live * (first * c.gatewayEventUs + further * c.gatewayCopyUs),
        acks: rates.acks * c.gatewayAckUs,
        pings: rates.pings * c.gatewayPingUs,
        "head checks": rates.checkedUsers * first * c.gatewayHeadUs,
        connects: rates.connects * c.gatewayConnectUs,
        idle: fleet.gateways * c.gatewayIdleUs,
      },
      arrivals: rates.live * first,
      wakeUs: c.gatewayWakeUs,
    },
    redis: redisWork(c, load, fleet, rates, first),
    courier: {
      parts: {
        held: rates.held * c.courierHeldUs,
        looks: rates.looks * c.courierLookUs,
        idle: fleet.couriers * c.courierIdleUs,
      },
      arrivals: 0,
      wakeUs: 0,
    },
    redisBytes: memoryOf(c, load, rates),
    gatewayBytes: rates.connections * c.gatewayConnectionBytes + fleet.gateways * c.gatewayBaseBytes,
    network: {
      "publishers to Redis": rates.events * c.publishBytes,
      "Redis to gateways": rates.live * first * c.pushBytes,
      "append-only files": rates.events * c.aofBytes,
      "gateways to clients": rates.live * load.devices * c.socketBytes,
    },
  };
}

function redisWork(c: Constants, load: Load, fleet: Fleet, rates: Rates, places: number): Work {
  const eventUs = load.batchedShare * c.redisBatchedUs + (1 - load.batchedShare) * c.redisEventUs;
  const checkedPerGateway = (rates.checkedUsers * load.headCheckS * places) / fleet.gateways;
  const callsPerGateway = occupied(checkedPerGateway, load.partitions);
  const { masters, gateways, couriers } = fleet;
  return {
    parts: {
      events: rates.events * eventUs,
      pushes: rates.live * places * c.redisPushUs,
      acks: rates.acks * c.redisAckUs,
      "head checks":
        rates.checkedUsers * places * c.redisHeadUs +
        (gateways * callsPerGateway * c.redisHeadCallUs) / load.headCheckS,
      connects: rates.connects * (c.redisConnectUs + c.redisPageUs),
      held: rates.held * c.redisHeldUs,
      looks: rates.looks * c.redisLookUs,
      gateways: gateways * masters * c.redisGatewayUs,
      couriers: c.redisSweepUs + (couriers - 1) * c.redisCourierUs,
      idle: masters * (c.redisIdleUs + c.redisClusterUs),
    },
    // A courier's and a head check's requests come many at once, and so do a gateway's acknowledgements.
    arrivals:
      rates.events * (1 - load.batchedShare) +
      ackRounds(rates, gateways * masters) +
      rates.connects +
      rates.held * REQUESTS_PER_HELD,
    wakeUs: c.redisWakeUs,
  };
}

/** How often acknowledgements leave for somewhere, on so many ways, a second. */
function ackRounds({ acks }: Rates, ways: number): number {
  return Math.min(acks, ways * ACK_ROUNDS_PER_S);
}

function memoryOf(c: Constants, load: Load, rates: Rates): Record<string, number> {
  const perDay = load.users * load.eventsPerUserDay;
  const logged = Math.min(load.eventsPerUserDay * load.logDays, load.logMaxEvents) * load.users;
  return {
    users: load.users * c.redisUserBytes,
    logs: logged * c.redisEventBytes,
    held: perDay * load.awayShare * load.heldDays * c.redisHeldBytes,
    ids: rates.events * load.ownIdShare * load.dedupeS * c.redisIdBytes,
    connections: rates.connections * c.redisConnectionBytes,
  };
}

/** On how many gateways a user's devices are, and how many are further ones on the same gateway, on the mean. */
export function placesOf({ devices }: Load, gateways: number): { first: number; further: number } {
  const first = occupied(devices, gateways);
  return { first, further: devices - first };
}

/** How many of `places` hold something when so many things are put anywhere. */
function occupied(things: number, places: number): number {
  return places * (1 - (1 - 1 / places) ** things);
}

/** The parts together, in cores. */
export function workCores({ parts }: Work): number {
  return Object.values(parts).reduce((sum, us) => sum + us, 0) / US_PER_S;
}

/** Cores that work takes where `processes` share it evenly; a process has one at most, and what exceeds it is not done. */
export function usedCores(work: Work, processes: number): number {
  const waking = ((work.arrivals / processes) * work.wakeUs) / US_PER_S;
  return processes * Math.min(1, (workCores(work) / processes + waking) / (1 + waking));
}

/** The least number of processes that keeps each of them within a use of one core. */
export function processesFor(work: Work, use: number): number {
  let processes = Math.max(1, Math.ceil(workCores(work) / use));
  while (usedCores(work, processes) / processes > use) processes += 1;
  return processes;
}
