/**
 * Presence: which gateway holds which sockets of a user, trusted only while that gateway's lease lives.
 *
 * A killed gateway cannot take its notes back, so a note without a living lease counts as nothing, and notes go by
 * themselves after NOTE_MS unless the gateway repeats them.
 */
import type { RedisConnection } from "./connection.ts";
import { toStoreError } from "./connection.ts";
import type { Scripts } from "./script.ts";
import { gatewayKey, HUB_KEYS, type UserKeys } from "./user-key.ts";

/** How long a note lives unless it is repeated: two days, gateways repeat theirs twice a day. */
const NOTE_MS = 172_800_000;

/** One socket of a user. */
export interface Connection {
  readonly socketId: string;
  readonly gatewayId: string;
  /** Since when, milliseconds since 1970 by Redis' clock. */
  readonly sinceMs: number;
}

export class Presence {
  readonly #redis: RedisConnection;
  readonly #scripts: Scripts;

  constructor(redis: RedisConnection, scripts: Scripts) {
    this.#redis = redis;
    this.#scripts = scripts;
  }

  /** Notes a socket; repeating is harmless. Works when memory is full. */
  async connected(keys: UserKeys, socketId: string, gatewayId: string): Promise<void> {
    await this.#scripts.run("connected", [keys.connections], [socketId, gatewayId, NOTE_MS]);
  }

  /** Takes the note of a socket back. */
  async disconnected(keys: UserKeys, socketId: string): Promise<void> {
    await this.#try(() => this.#redis.hdel(keys.connections, socketId));
  }

  /**
   * Renews a gateway's lease. Works when memory is full; only `info`, text about the gateway for people who look, may be
   * missing then.
   */
  async renewLease(gatewayId: string, leaseMs: number, info: string): Promise<void> {
    await this.#scripts.run("lease", [HUB_KEYS.gateways], [gatewayId, leaseMs]);
    try {
      await this.#redis.set(gatewayKey(gatewayId), info, "PX", leaseMs);
    } catch (error) {
      const coded = toStoreError(error);
      if (coded.code !== "STORE_FULL") throw coded;
    }
  }

  /** Gives a gateway's lease back. */
  async endLease(gatewayId: string): Promise<void> {
    await this.#scripts.run("lease", [HUB_KEYS.gateways], [gatewayId, 0]);
    await this.#try(() => this.#redis.del(gatewayKey(gatewayId)));
  }

  /** Ids of the gateways whose lease lives. */
  async liveGateways(): Promise<Set<string>> {
    const [seconds] = await this.#try(() => this.#redis.time());
    return new Set(
      await this.#try(() => this.#redis.zrangebyscore(HUB_KEYS.gateways, Number(seconds) * 1_000, "+inf")),
    );
  }

  /** Sockets of a user on gateways that live. */
  async connections(keys: UserKeys, liveGateways: ReadonlySet<string>): Promise<Connection[]> {
    const notes = await this.#try(() => this.#redis.hgetall(keys.connections));
    const connections: Connection[] = [];
    for (const [socketId, note] of Object.entries(notes)) {
      const [gatewayId = "", sinceMs] = note.split(" ");
      if (liveGateways.has(gatewayId)) connections.push({ socketId, gatewayId, sinceMs: Number(sinceMs) });
    }
    return connections;
  }

  async #try<T>(command: () => Promise<T>): Promise<T> {
    try {
      return await command();
    } catch (error) {
      throw toStoreError(error);
    }
  }
}
