/**
 * The Lua scripts of packages/store/lua, run by EVALSHA through ioredis' `defineCommand`.
 *
 * Nothing has to be installed in Redis, and two versions of the hub may run side by side. A line `-- @include name` is
 * replaced by lua/include/name.lua. Replies come as Buffers where asked for, since event bodies are never decoded here.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { Command } from "ioredis";
import type { RedisConnection } from "./connection.ts";
import { toStoreError } from "./connection.ts";

const SCRIPTS = [
  "append",
  "read",
  "ack",
  "heads",
  "due",
  "look",
  "waiting",
  "history",
  "floor",
  "known",
  "unheld",
  "hold",
  "expire",
  "drop",
  "receipt",
  "escalated",
  "mailbox",
  "connected",
  "lease",
  "webpush",
] as const;

export type ScriptName = (typeof SCRIPTS)[number];
type ScriptArgument = string | number;
type Call = (...args: ScriptArgument[]) => Promise<unknown>;

/** A call of a script, put together by the caller. */
export interface WrittenCall {
  /** Names the node in a Cluster. */
  readonly firstKey: string;
  /** How many keys and arguments there are. */
  readonly length: number;
  /** The number of keys, the keys and the arguments, as `bulk` writes each. */
  readonly text: string;
}

const folder = new URL("../lua/", import.meta.url);

/** The text of a script with its includes, and theirs. */
export function scriptText(name: ScriptName): string {
  return withIncludes(`${name}.lua`);
}

function withIncludes(file: string): string {
  return readFileSync(new URL(file, folder), "utf8").replace(/^-- @include (\w+)\n/gm, (_, include: string) =>
    withIncludes(`include/${include}.lua`),
  );
}

/** The digest that EVALSHA knows a script by. */
export function scriptSha(name: ScriptName): string {
  return createHash("sha1").update(scriptText(name)).digest("hex");
}

/** A string as Redis reads it. */
export function bulk(text: string): string {
  return `$${Buffer.byteLength(text)}\r\n${text}\r\n`;
}

/** A command that leaves as it was written; ioredis asks it for its key alone, to find the node. */
class WrittenCommand extends Command {
  readonly #key: string;
  readonly #text: string;

  constructor(sha: string, { firstKey, length, text }: WrittenCall) {
    super("evalsha", [], { replyEncoding: "utf8" });
    this.#key = firstKey;
    this.#text = `*${length + 3}\r\n$7\r\nevalsha\r\n${bulk(sha)}${text}`;
  }

  override getKeys(): string[] {
    return [this.#key];
  }

  override toWritable(): string {
    return this.#text;
  }

  /** No timer of its own: a connection that owes an answer is given up before its time (connection.ts), and the command with it. */
  override setTimeout(): void {
    return undefined;
  }
}

/** Runs scripts on one connection. */
export class Scripts {
  readonly connection: RedisConnection;
  readonly #calls = new Map<string, Call>();
  readonly #shas = new Map<ScriptName, string>();

  constructor(redis: RedisConnection) {
    this.connection = redis;
    const commands = redis as unknown as Record<string, Call>;
    for (const name of SCRIPTS) {
      redis.defineCommand(`ds_${name}`, { lua: scriptText(name) });
      for (const suffix of ["", "Buffer"]) {
        const call = commands[`ds_${name}${suffix}`];
        if (call === undefined) throw new TypeError(`ioredis did not define ds_${name}${suffix}`);
        this.#calls.set(name + suffix, call.bind(redis));
      }
    }
  }

  /** Runs a script; replies are strings and numbers. Throws STORE_FULL or UNAVAILABLE. */
  run(name: ScriptName, keys: readonly string[], args: readonly ScriptArgument[]): Promise<unknown> {
    return this.#call(name, keys, args);
  }

  /** Runs a script; replies are Buffers and numbers. Throws STORE_FULL or UNAVAILABLE. */
  runBuffer(name: ScriptName, keys: readonly string[], args: readonly ScriptArgument[]): Promise<unknown> {
    return this.#call(`${name}Buffer`, keys, args);
  }

  /**
   * Runs a script that Redis knows already; replies are strings and numbers. A call of hundreds of arguments costs a fraction
   * of what `run` takes for it. Answers undefined, and nothing was run, where Redis does not know the script: `run` loads it.
   * Throws STORE_FULL or UNAVAILABLE.
   */
  async runWritten(name: ScriptName, call: WrittenCall): Promise<unknown> {
    let sha = this.#shas.get(name);
    if (sha === undefined) {
      sha = scriptSha(name);
      this.#shas.set(name, sha);
    }
    try {
      return await this.connection.sendCommand(new WrittenCommand(sha, call));
    } catch (error) {
      if (error instanceof Error && error.message.startsWith("NOSCRIPT")) return undefined;
      throw toStoreError(error);
    }
  }

  async #call(name: string, keys: readonly string[], args: readonly ScriptArgument[]): Promise<unknown> {
    try {
      return await this.#calls.get(name)?.(keys.length, ...keys, ...args);
    } catch (error) {
      throw toStoreError(error);
    }
  }
}
