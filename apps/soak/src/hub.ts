/**
 * The hub under test: a real Redis, two gateways and two couriers as processes, and the links between them.
 *
 * Faults that break links ask for proxies: then each gateway reaches Redis through one of its own, and so do publishers.
 * Everything ends with `cleanUp`.
 */
import { connectStore, type Store } from "@doorstep/store";
import {
  type CleanUp,
  type CourierProcess,
  createHubProcesses,
  type GatewayProcess,
  type HubProcesses,
  startTcpProxy,
  type TcpProxy,
} from "@doorstep/testkit";

import type { History } from "./history.ts";
import { Member } from "./member.ts";
import { type RedisFixture, soleServer, startRedisFixture, type Topology } from "./redis.ts";

/** How to build it. */
export interface HubOptions {
  readonly topology: Topology;
  /** Whether links to Redis go through proxies; standalone only. */
  readonly hasProxies: boolean;
  /** How many events a log keeps. */
  readonly logMaxEvents: number;
  /** Further settings of a program, by its name. */
  readonly envOf: (program: string) => Readonly<Record<string, string>>;
  readonly history: History;
  readonly cleanUp: CleanUp;
}

/** A running hub. */
export interface SoakHub {
  readonly redis: RedisFixture;
  readonly gateways: readonly Member<GatewayProcess>[];
  readonly couriers: readonly Member<CourierProcess>[];
  /** The links of the gateways to Redis, in their order; none without proxies. */
  readonly links: readonly TcpProxy[];
  /** The link of the publishers; absent without proxies. */
  readonly publisherLink?: TcpProxy;
  /** Where publishers find Redis. */
  readonly publisherUrl: string;
  /** Settings of the log that every publisher has to share. */
  readonly limits: { readonly logMaxEvents: number; readonly dedupeWindowMs: number };
  /** A store of the harness's own, to look at the truth. */
  readonly store: Store;
  /** Further settings of a program, by its name. */
  readonly envOf: (program: string) => Readonly<Record<string, string>>;
  /** Addresses of the gateways. */
  readonly urls: () => string[];
}

const GATEWAYS = 2;
const COURIERS = 2;
/** Short, so that its keys are gone when keys are counted; no publish is retried for longer. */
const DEDUPE_WINDOW_MS = 20_000;
const PING_TIMEOUT_MS = 2_000;

/** Starts a hub; resolves when all of it is ready. */
export async function startHub(options: HubOptions): Promise<SoakHub> {
  const { topology, hasProxies, logMaxEvents, envOf, history, cleanUp } = options;
  const redis = await startRedisFixture(topology, cleanUp);
  const env = {
    DOORSTEP_PING_TIMEOUT_MS: String(PING_TIMEOUT_MS),
    DOORSTEP_LOG_MAX_EVENTS: String(logMaxEvents),
  };
  const processesOf = (name: string, ownEnv: Readonly<Record<string, string>>): HubProcesses =>
    createHubProcesses({ redisUrl: redis.url, cleanUp, env: { ...env, ...envOf(name), ...ownEnv } });
  const proxies = await Promise.all(hasProxies ? times(GATEWAYS + 1, () => startLink(redis, cleanUp)) : []);
  const links = proxies.slice(0, GATEWAYS);
  const publisherLink = proxies[GATEWAYS];

  const gateways = await Promise.all(
    times(GATEWAYS, (index) =>
      Member.start<GatewayProcess>(`gateway-${index}`, history, (at, ownEnv) =>
        processesOf(`gateway-${index}`, ownEnv).startGateway({ at, redisUrl: urlOf(links[index]) }),
      ),
    ),
  );
  const couriers = await Promise.all(
    times(COURIERS, (index) =>
      Member.start<CourierProcess>(`courier-${index}`, history, (at, ownEnv) =>
        processesOf(`courier-${index}`, ownEnv).startCourier({ at }),
      ),
    ),
  );
  cleanUp.add(() => [...gateways, ...couriers].forEach((member) => member.release()));
  const limits = { logMaxEvents, dedupeWindowMs: DEDUPE_WINDOW_MS };
  const store = await connectStore({ redis: redis.url, limits });
  cleanUp.add(() => store.close());
  return {
    redis,
    gateways,
    couriers,
    links,
    ...(publisherLink === undefined ? {} : { publisherLink }),
    publisherUrl: urlOf(publisherLink) ?? redis.url,
    limits,
    store,
    envOf,
    urls: () => gateways.map(({ process }) => process.url),
  };
}

async function startLink(redis: RedisFixture, cleanUp: CleanUp): Promise<TcpProxy> {
  const link = await startTcpProxy(soleServer(redis).port);
  cleanUp.add(() => link.close());
  return link;
}

function urlOf(link: TcpProxy | undefined): string | undefined {
  return link === undefined ? undefined : `redis://127.0.0.1:${link.port}`;
}

function times<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}
