/**
 * The stage of one measurement: a fresh Redis, a target's servers on it, a publisher and clients, all processes of their own.
 *
 * Redis has the same settings for every target. Nothing is counted before all users are connected and an event has come to
 * each (`prime`): subscriptions of some adapters are made in the background.
 */
import { setTimeout as delay } from "node:timers/promises";
import { type CleanUp, type RedisServer, startRedis } from "@doorstep/testkit";

import type { ConnectOrders, Crowd } from "./client/crowd.ts";
import type { TallyReport } from "./client/tally.ts";
import type { LoadReport, Press } from "./publisher/press.ts";
import { type Remote, startRemote } from "./remote.ts";
import type { Deployment, Server, Target } from "./target.ts";
import { type Roles, type Usage, watchUsage } from "./usage.ts";

export interface StageOptions {
  readonly target: Target;
  readonly servers: number;
  readonly cleanUp: CleanUp;
}

/** What a load came to. */
export interface Measurement {
  readonly load: LoadReport;
  readonly tally: TallyReport;
  readonly usage: Usage;
}

/** Redis does not compact its file meanwhile: that would hit one target or another. */
const REDIS_ARGS = ["--appendfsync", "everysec", "--auto-aof-rewrite-percentage", "0"];
const LOOK_EVERY_MS = 50;
/** Nothing came for so long: nothing more comes. */
const SILENCE_MS = 2_000;
const PRIME_TRIES = 10;
const PRIME_PER_S = 2_000;

export class Stage {
  readonly target: Target;
  readonly redis: RedisServer;
  readonly deployment: Deployment;
  readonly publisher: Remote<Press>;
  readonly clients: Remote<Crowd>;

  /** Starts everything; ends with `cleanUp`. */
  static async start({ target, servers, cleanUp }: StageOptions): Promise<Stage> {
    const redis = await startRedis({ args: REDIS_ARGS });
    cleanUp.add(() => redis.stop());
    const deployment = await target.start({ redisUrl: redis.url, servers, cleanUp });
    return Stage.#fill(target, redis, deployment, cleanUp);
  }

  /** Adds publisher and clients. */
  static async #fill(target: Target, redis: RedisServer, deployment: Deployment, cleanUp: CleanUp): Promise<Stage> {
    const publisher = await startRemote<Press>("publisher/main.js", cleanUp);
    await publisher.call("open", target.name, redis.url, deployment.publishTo);
    const clients = await startRemote<Crowd>("client/main.js", cleanUp);
    await clients.call("open", target.protocol);
    const stage = new Stage(target, redis, deployment, publisher, clients);
    await stage.#showServers();
    return stage;
  }

  private constructor(
    target: Target,
    redis: RedisServer,
    deployment: Deployment,
    publisher: Remote<Press>,
    clients: Remote<Crowd>,
  ) {
    this.target = target;
    this.redis = redis;
    this.deployment = deployment;
    this.publisher = publisher;
    this.clients = clients;
  }

  /** A stage on the same servers, with a publisher and clients of its own; ends with `cleanUp`. Users must differ. */
  beside(cleanUp: CleanUp): Promise<Stage> {
    return Stage.#fill(this.target, this.redis, this.deployment, cleanUp);
  }

  /** Starts one more server, and tells the clients where it is. */
  async addServer(): Promise<Server> {
    const server = await this.deployment.startServer();
    await this.#showServers();
    return server;
  }

  /** Connects users, or moves them; answers the seconds it took. */
  connect(orders: ConnectOrders): Promise<number> {
    return this.clients.call("connect", orders);
  }

  /** Publishes to each user until something has come to all of them; throws where that takes too long. */
  async prime(users: number, from = 0): Promise<void> {
    for (let tries = 0; tries < PRIME_TRIES; tries++) {
      await this.clients.call("reset");
      const load = { from, users, eventsPerS: PRIME_PER_S, events: users };
      const { published } = await this.publisher.call("runOpen", load);
      await this.settle(published);
      if ((await this.clients.call("report")).reached === users) return;
    }
    throw new Error(`${this.target.name}: some of ${users} users get nothing`);
  }

  /** Runs a load and waits for its last event; tells what came and what it cost. */
  async measure(run: () => Promise<LoadReport>): Promise<Measurement> {
    await this.clients.call("reset");
    const endUsage = await watchUsage(this.roles, this.redis.port);
    const load = await run();
    await this.settle(load.published - load.failed);
    const usage = await endUsage();
    return { load, tally: await this.clients.call("report"), usage };
  }

  /** Resolves once so many events came since the last reset, or nothing came for some time: two seconds by default. */
  async settle(events: number, silenceMs = SILENCE_MS): Promise<void> {
    let seen = -1;
    for (let quietSinceMs = performance.now(); performance.now() - quietSinceMs < silenceMs;) {
      const { distinct } = await this.clients.call("look");
      if (distinct >= events) return;
      if (distinct !== seen) quietSinceMs = performance.now();
      seen = distinct;
      await delay(LOOK_EVERY_MS);
    }
  }

  /** Who does what; several gateways count as one role. */
  get roles(): Roles {
    return {
      gateway: this.deployment.servers.map(({ pid }) => pid),
      redis: [this.redis.pid],
      ...this.deployment.companions,
      publisher: [this.publisher.pid],
      clients: [this.clients.pid],
    };
  }

  async #showServers(): Promise<void> {
    const urls = this.deployment.servers.map(({ url }) => url);
    await this.clients.call("setServers", urls);
  }
}
