/**
 * A hub to count on: a Redis, gateways, connected users and a publisher, which take turns so that nothing depends on time.
 *
 * Publisher and clients are in this process: nobody measures CPU here. The gateways' clocks are stopped as far as that goes:
 * their pings, head checks and leases are hours away. Their heartbeat through pub/sub goes on each second and is not counted.
 */
import { setImmediate as immediate } from "node:timers/promises";
import { type CleanUp, createHubProcesses, type RedisServer, startRedis } from "@doorstep/testkit";

import { createBody } from "../body.ts";
import { Crowd } from "../client/crowd.ts";
import { nowUs } from "../clock.ts";
import { connectDoorstep } from "../publisher/doorstep.ts";
import type { Publisher } from "../publisher/publisher.ts";
import { watchUsage } from "../usage.ts";
import { userIdOf } from "../user.ts";

/** What something came to, altogether. */
export interface Count {
  readonly events: number;
  readonly commands: number;
  readonly scriptCalls: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly frames: number;
  readonly frameBytes: number;
}

const NEVER = "2147483647";
const STOPPED = {
  NODE_ENV: "production",
  DOORSTEP_PING_INTERVAL_MS: NEVER,
  DOORSTEP_HEAD_CHECK_MS: NEVER,
  DOORSTEP_GATEWAY_LEASE_MS: NEVER,
  // A busy machine is no reason to refuse handshakes here.
  DOORSTEP_MAX_LAG_MS: "0",
  DOORSTEP_DRAIN_MS: "0",
};
const DEADLINE_MS = 20_000;
/** Redis' name for what the heartbeat of a gateway's subscriber is. */
const HEARTBEAT = "sunsubscribe";

export class Scene {
  readonly redis: RedisServer;
  readonly #startGateway: () => Promise<string>;
  readonly #publisher: Publisher;
  readonly #crowd = new Crowd();
  readonly #urls: string[] = [];
  readonly #seqs = new Map<number, number>();

  /** Starts everything but gateways; ends with `cleanUp`. `env` wins over the stopped clocks. */
  static async start(cleanUp: CleanUp, env: Readonly<Record<string, string>> = {}): Promise<Scene> {
    const redis = await startRedis();
    cleanUp.add(() => redis.stop());
    const processes = createHubProcesses({ redisUrl: redis.url, cleanUp, env: { ...STOPPED, ...env } });
    const publisher = await connectDoorstep(redis.url);
    cleanUp.add(() => publisher.close());
    const scene = new Scene(redis, publisher, async () => (await processes.startGateway()).url);
    cleanUp.add(() => scene.#crowd.drop(0, scene.#seqs.size));
    return scene;
  }

  private constructor(redis: RedisServer, publisher: Publisher, startGateway: () => Promise<string>) {
    this.redis = redis;
    this.#publisher = publisher;
    this.#startGateway = startGateway;
    this.#crowd.open("doorstep");
  }

  async addGateways(count: number): Promise<void> {
    const urls = await Promise.all(Array.from({ length: count }, () => this.#startGateway()));
    this.#urls.push(...urls);
    this.#crowd.setServers(this.#urls);
  }

  /** Connects users, or moves them, spread over all gateways and one after the other. */
  async connect(users: number): Promise<void> {
    for (let user = 0; user < users; user++) this.#seqs.set(user, this.#seqs.get(user) ?? 0);
    await this.#crowd.connect({ from: 0, users, atOnce: 1 });
  }

  /** Publishes to these users at once, one event for each time that a user is named, and waits until all have come. */
  async publish(users: readonly number[]): Promise<void> {
    const expected = this.#crowd.look().distinct + users.length;
    await Promise.all(
      users.map(async (user) => {
        const seq = this.#seqs.get(user) ?? 0;
        this.#seqs.set(user, seq + 1);
        await this.#publisher.publish(userIdOf(user), createBody(seq, nowUs()));
      }),
    );
    const deadlineMs = performance.now() + DEADLINE_MS;
    while (this.#crowd.look().distinct < expected) {
      if (performance.now() > deadlineMs)
        throw new Error(`events were published and did not come: ${users.join(", ")}`);
      await immediate();
    }
  }

  /** Counts what something takes. */
  async count(body: () => Promise<void>): Promise<Count> {
    // What it takes to look is not part of it.
    const own = await (await watchUsage({}, this.redis.port))();
    this.#crowd.reset();
    const end = await watchUsage({}, this.redis.port);
    await body();
    const { redis } = await end();
    const { distinct, frames, bytes } = this.#crowd.report();
    return {
      events: distinct,
      commands: redis.commands - own.redis.commands - (redis.calls[HEARTBEAT] ?? 0),
      scriptCalls: redis.calls["evalsha"] ?? 0,
      bytesIn: redis.bytesIn - own.redis.bytesIn,
      bytesOut: redis.bytesOut - own.redis.bytesOut,
      frames,
      frameBytes: bytes,
    };
  }
}
