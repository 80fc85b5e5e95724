/**
 * The Lua scripts of packages/store/lua, run by EVALSHA through ioredis' `defineCommand`.
 *
 * Nothing has to be installed in Redis, and two versions of the hub may run side by side. A line `-- @include name` is
 * replaced by lua/include/name.lua. Replies come as Buffers where asked for, since event bodies are never decoded here.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { RedisConnection } from "./connection.ts";
import { toStoreError } from "./connection.ts";

const SCRIPTS = [
  "append",
  "read",
  "ack",
  "heads",
  "due",
  "history",
  "floor",
  "known",
  "unheld",
  "hold",
  "expire",
  "drop",
  "forget",
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

const folder = new URL("../lua/", import.meta.url);

/** The text of a script with its includes. */
export function scriptText(name: ScriptName): string {
  return readFileSync(new URL(`${name}.lua`, folder), "utf8").replace(/^-- @include (\w+)\n/gm, (_, include: string) =>
    readFileSync(new URL(`include/${include}.lua`, folder), "utf8"),
  );
}

/** The digest that EVALSHA knows a script by. */
export function scriptSha(name: ScriptName): string {
  return createHash("sha1").update(scriptText(name)).digest("hex");
}

/** Runs scripts on one connection. */
export class Scripts {
  readonly connection: RedisConnection;
  readonly #calls = new Map<string, Call>();

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

  async #call(name: string, keys: readonly string[], args: readonly ScriptArgument[]): Promise<unknown> {
    try {
      return await this.#calls.get(name)?.(keys.length, ...keys, ...args);
    } catch (error) {
      throw toStoreError(error);
    }
  }
}
