/**
 * History: whether the Redis we speak to is still the line of writes we knew (DESIGN section 3, P5).
 *
 * Every master has a replication id, and it changes when a replica is promoted and when a server restarts. Replication is
 * asynchronous, so a promotion may have lost acknowledged writes; a restart has lost them only where the end of the AOF
 * is gone. That shows to a gateway whose clients were sent an event that is not in its log, and to a publisher that was
 * answered one (Witness). Where all is gone, FLUSHALL, this record is gone too. The time at which a line was found to lack
 * writes is stored; its **mark** is the offset of that time. Who resumes from before a mark has to be told, since what
 * is missing may be exactly what it never saw.
 */
import { compareOffsets, DoorstepError, maxOffset, type Offset, ZERO_OFFSET } from "@doorstep/protocol";
import calculateSlot from "cluster-key-slot";
import type { Cluster, Redis } from "ioredis";
import type { RedisConnection } from "./connection.ts";
import { onReconnect, toStoreError } from "./connection.ts";
import type { Scripts } from "./script.ts";
import { isPresentMaster } from "./sentinel.ts";
import { dueKey, HUB_KEYS, type UserKeys } from "./user-key.ts";

/** What one master says of itself. */
interface Line {
  readonly address: string;
  readonly id: string;
  /** Whether it continued another line when it was promoted. */
  readonly isPromoted: boolean;
}

const NO_ID = /^0+$/;
/** Stands for the address where there is one master: behind Sentinel its address changes. */
const THE_MASTER = "master";
/** How far beyond Redis' clock a floor may lie. */
const MOST_AHEAD_MS = 60_000;

export class History {
  readonly #redis: RedisConnection;
  readonly #scripts: Scripts;
  /** Marks by the master's address. */
  #marks = new Map<string, Offset>();
  /** When the record was made, as this process knows it: another one means that it was lost. */
  #born = "";
  /** How often a connection came back, and as of which of them the masters were asked. */
  #reconnects = 0;
  #asked = 0;
  #settling: Promise<boolean> | undefined;

  constructor(redis: RedisConnection, scripts: Scripts) {
    this.#redis = redis;
    this.#scripts = scripts;
    onReconnect(redis, () => (this.#reconnects += 1));
  }

  /** Asks the masters who they are, and since when each may lack writes. True where a mark is new. Throws UNAVAILABLE. */
  check(): Promise<boolean> {
    return this.#ask(new Set());
  }

  /**
   * Notes that events of these partitions are lost which their masters had taken. True where that was news to this process.
   * Throws UNAVAILABLE.
   */
  lose(partitions: Iterable<number>): Promise<boolean> {
    return this.#ask(new Set(Array.from(partitions, (partition) => this.#masterOf(partition))));
  }

  /** `lost`: addresses of masters; of all where one is not known. */
  async #ask(lost: ReadonlySet<string | undefined>): Promise<boolean> {
    const reconnects = this.#reconnects;
    if (reconnects > this.#asked) await this.#requireMaster();
    const isNew = await this.#askNow(lost);
    this.#asked = Math.max(this.#asked, reconnects);
    return isNew;
  }

  /** Leaves a master that was replaced; the connection then looks for the present one. Throws UNAVAILABLE. */
  async #requireMaster(): Promise<void> {
    if (this.#redis.isCluster || (await isPresentMaster(this.#redis as Redis))) return;
    (this.#redis as Redis).disconnect(true);
    throw new DoorstepError("UNAVAILABLE", "this master was replaced");
  }

  async #askNow(lost: ReadonlySet<string | undefined>): Promise<boolean> {
    const lines = await this.#readLines();
    const isLost = ({ address }: Line): boolean => lost.has(address) || lost.has(undefined);
    const masters = lines.flatMap((line) => [line.id, flag(line.isPromoted), flag(isLost(line))]);
    const reply = await this.#scripts.run("history", [HUB_KEYS.histories], [this.#born, ...masters]);
    const [born = "", ...times] = reply as string[];
    this.#born = born;
    return this.#takeMarks(lines, times);
  }

  /** True where a mark is new. Another call may have answered meanwhile: marks only grow. */
  #takeMarks(lines: readonly Line[], times: readonly string[]): boolean {
    let isNew = false;
    const marks = new Map<string, Offset>();
    for (const [i, { address }] of lines.entries()) {
      const mark = markAt(times[i] ?? "0");
      const before = this.#marks.get(address) ?? ZERO_OFFSET;
      if (compareOffsets(mark, before) > 0) isNew = true;
      marks.set(address, maxOffset(mark, before));
    }
    this.#marks = marks;
    return isNew;
  }

  /**
   * Waits until this process knows what others know, where a connection came back since it last asked: it may lead to
   * another master. What is found out later is told by a message. Throws UNAVAILABLE.
   */
  async settle(): Promise<void> {
    if (this.#reconnects === this.#asked) return;
    this.#settling ??= this.check().finally(() => (this.#settling = undefined));
    await this.#settling;
  }

  /** The mark of a partition's master; the zero offset where nothing is known to lack. */
  markOf(partition: number): Offset {
    const master = this.#masterOf(partition);
    return (master === undefined ? undefined : this.#marks.get(master)) ?? ZERO_OFFSET;
  }

  /** Keeps new offsets of a user above one that the hub has sent, also where the log has lost it; or above a mark. */
  async raiseFloor(keys: UserKeys, offset: Offset): Promise<void> {
    await this.#scripts.run("floor", [keys.user], [offset, MOST_AHEAD_MS]);
  }

  /** Address of a partition's master, as far as known. */
  #masterOf(partition: number): string | undefined {
    if (!this.#redis.isCluster) return THE_MASTER;
    return (this.#redis as Cluster).slots[calculateSlot(dueKey(partition))]?.[0];
  }

  async #readLines(): Promise<Line[]> {
    const masters: Redis[] = this.#redis.isCluster ? (this.#redis as Cluster).nodes("master") : [this.#redis as Redis];
    try {
      return await Promise.all(masters.map((master) => readLine(master, this.#redis.isCluster)));
    } catch (error) {
      throw toStoreError(error);
    }
  }
}

async function readLine(master: Redis, isCluster: boolean): Promise<Line> {
  const info = await master.info("replication");
  const id = /^master_replid:(\w+)/m.exec(info)?.[1] ?? "";
  const second = /^master_replid2:(\w+)/m.exec(info)?.[1] ?? "0";
  return {
    address: isCluster ? `${master.options.host}:${master.options.port}` : THE_MASTER,
    id,
    isPromoted: !NO_ID.test(second),
  };
}

function flag(value: boolean): string {
  return value ? "1" : "0";
}

function markAt(timeMs: string): Offset {
  return timeMs === "0" ? ZERO_OFFSET : `${timeMs}-0`;
}
