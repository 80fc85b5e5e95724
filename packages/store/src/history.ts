/**
 * History: whether the Redis we speak to is still the line of writes we knew (DESIGN section 3, P5).
 *
 * Every master has a replication id, and it changes when a replica is promoted and when a server restarts. Replication is
 * asynchronous, so a promotion may have lost acknowledged writes; a restart has lost them only where the end of the AOF
 * is gone, which shows where a log ends before what was sent from it. The time at which such a line was found to lack
 * writes is stored; its **mark** is the offset of that time. Who resumes from before a mark has to be told, since what
 * is missing may be exactly what it never saw.
 */
import { type Offset, ZERO_OFFSET } from "@doorstep/protocol";
import calculateSlot from "cluster-key-slot";
import type { Cluster, Redis } from "ioredis";
import type { RedisConnection } from "./connection.ts";
import { toStoreError } from "./connection.ts";
import type { Scripts } from "./script.ts";
import { dueKey, HUB_KEYS, type UserKeys } from "./user-key.ts";

/** What one master says of itself. */
interface Line {
  readonly address: string;
  readonly id: string;
  /** Whether it continued another line when it was promoted. */
  readonly isPromoted: boolean;
}

const NO_ID = /^0+$/;
/** How far beyond Redis' clock a floor may lie. */
const MOST_AHEAD_MS = 60_000;
/** For how long after a change another gateway may still find out that writes were lost. */
const SETTLE_MS = 60_000;

export class History {
  readonly #redis: RedisConnection;
  readonly #scripts: Scripts;
  /** Marks by the master's address; of all partitions where there is one master. */
  #marks = new Map<string, Offset>();
  #lines: readonly Line[] = [];
  #changedAtMs = 0;
  #settling: Promise<boolean> | undefined;

  constructor(redis: RedisConnection, scripts: Scripts) {
    this.#redis = redis;
    this.#scripts = scripts;
  }

  /**
   * Asks the masters who they are, and since when each may lack writes. `isLossSeen` says that a log ends before what was
   * sent from it; a promotion counts as loss without that. True where a mark is new. Throws UNAVAILABLE.
   */
  async check(isLossSeen: boolean): Promise<boolean> {
    const lines = await this.#readLines();
    const known = new Set(this.#lines.map(({ id }) => id));
    if (lines.some(({ id }) => !known.has(id))) this.#changedAtMs = Date.now();
    const masters = lines.flatMap(({ id, isPromoted }) => [id, isPromoted ? "1" : "0"]);
    const times = (await this.#scripts.run(
      "history",
      [HUB_KEYS.histories],
      [isLossSeen ? "1" : "0", ...masters],
    )) as string[];
    const marks = new Map(lines.map(({ address }, i) => [address, markAt(times[i] ?? "0")]));
    const isNew = Array.from(marks).some(
      ([address, mark]) => mark !== ZERO_OFFSET && this.#marks.get(address) !== mark,
    );
    this.#marks = marks;
    this.#lines = lines;
    return isNew;
  }

  /**
   * Waits until this process knows what others have found out of a recent change; no call otherwise. Never rejects: where
   * Redis does not answer, what follows tells.
   */
  async settle(): Promise<void> {
    if (Date.now() - this.#changedAtMs > SETTLE_MS) return;
    this.#settling ??= this.check(false)
      .catch(() => false)
      .finally(() => (this.#settling = undefined));
    await this.#settling;
  }

  /** The mark of a partition's master; the zero offset where nothing is known to lack. */
  markOf(partition: number): Offset {
    if (!this.#redis.isCluster) return this.#marks.values().next().value ?? ZERO_OFFSET;
    const master = (this.#redis as Cluster).slots[calculateSlot(dueKey(partition))]?.[0];
    return (master === undefined ? undefined : this.#marks.get(master)) ?? ZERO_OFFSET;
  }

  /** Keeps new offsets of a user above one that the hub has sent, also where the log has lost it. */
  async raiseFloor(keys: UserKeys, offset: Offset): Promise<void> {
    await this.#scripts.run("floor", [keys.user], [offset, MOST_AHEAD_MS]);
  }

  async #readLines(): Promise<Line[]> {
    const masters: Redis[] = this.#redis.isCluster ? (this.#redis as Cluster).nodes("master") : [this.#redis as Redis];
    try {
      return await Promise.all(masters.map(readLine));
    } catch (error) {
      throw toStoreError(error);
    }
  }
}

async function readLine(master: Redis): Promise<Line> {
  const info = await master.info("replication");
  const id = /^master_replid:(\w+)/m.exec(info)?.[1] ?? "";
  const second = /^master_replid2:(\w+)/m.exec(info)?.[1] ?? "0";
  return {
    address: `${master.options.host}:${master.options.port}`,
    id,
    isPromoted: !NO_ID.test(second),
  };
}

function markAt(timeMs: string): Offset {
  return timeMs === "0" ? ZERO_OFFSET : `${timeMs}-0`;
}
