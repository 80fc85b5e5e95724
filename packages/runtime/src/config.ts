/**
 * Settings: declared once, in one zod object per program; read from the environment once, checked whole, frozen.
 *
 * Names of variables derive from the fields: `maxPayloadBytes` is DOORSTEP_MAX_PAYLOAD_BYTES, except for the few
 * conventional ones in UNPREFIXED. An empty value counts as not set, since `${X:-}` of compose files cannot unset one.
 * A value that does not fit is never replaced by a default: all problems are thrown together, a line each, with the
 * variable, what was found (secrets masked) and what is expected. Rules over several fields come by `requireThat`.
 *
 * Leaves showing to config-text.ts and exiting to run-main.ts.
 */

import { z } from "zod";

import { notesOf } from "./config-field.ts";
import { MASK, maskValue } from "./mask.ts";

export type ConfigSchema = z.ZodObject;
export type Environment = Readonly<Record<string, string | undefined>>;

const UNPREFIXED: ReadonlyMap<string, string> = new Map([
  ["port", "PORT"],
  ["host", "HOST"],
  ["redisUrl", "REDIS_URL"],
]);

/** Derives the name of a field's environment variable. */
export function envName(field: string): string {
  return UNPREFIXED.get(field) ?? `DOORSTEP_${field.replace(/[A-Z]/g, "_$&").toUpperCase()}`;
}

/** A setting as docs and help show it. */
export interface SettingRow {
  /** Name of the field in the schema. */
  readonly field: string;
  readonly env: string;
  /** The default as it would be written in the environment; `undefined` if the setting has none. */
  readonly default: string | undefined;
  readonly required: boolean;
  readonly description: string;
  readonly expects: string;
  readonly secret: boolean;
}

/** Lists a schema's settings in their order. Throws TypeError on one without description or not made by a helper. */
export function describeConfig(schema: ConfigSchema): SettingRow[] {
  return Object.entries(schema.shape).map(([field, fieldSchema]) => {
    const description = z.globalRegistry.get(fieldSchema)?.description;
    if (description === undefined) throw new TypeError(`setting ${field} needs a description; call .describe() last`);
    const { expects, secret = false } = notesOf(fieldSchema);
    const unset = z.safeParse(fieldSchema, undefined);
    const value = unset.success && unset.data !== undefined ? settingText(unset.data) : undefined;
    return { field, env: envName(field), default: value, required: !unset.success, description, expects, secret };
  });
}

/** Writes a value the way the environment would have it. */
export function settingText(value: unknown): string {
  return Array.isArray(value) ? value.join(",") : String(value);
}

/** The settings of a program are not usable; `problems` has a line for each reason. */
export class ConfigError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`the settings are not usable:\n  ${problems.join("\n  ")}`);
    this.name = "ConfigError";
    this.problems = problems;
  }
}

export interface LoadOptions<S extends ConfigSchema> {
  readonly schema: S;
  readonly env: Environment;
}

/** Reads a program's settings and freezes them. Throws ConfigError with every problem there is. */
export function loadConfig<S extends ConfigSchema>({ schema, env }: LoadOptions<S>) {
  const rows = describeConfig(schema);
  const given = Object.fromEntries(rows.flatMap(({ field, env: name }) => (env[name] ? [[field, env[name]]] : [])));
  const parsed = schema.safeParse(given);
  const problems = (parsed.error?.issues ?? []).map(({ path, message }) => {
    const row = rows.find(({ field }) => field === path[0]);
    return row === undefined ? `expected ${message}` : `${row.env}: ${found(row, env)}, expected ${message}`;
  });
  if (!parsed.success) throw new ConfigError(problems);
  return deepFreeze(parsed.data);
}

function found(row: SettingRow, env: Environment): string {
  const value = env[row.env];
  if (!value) return row.default === undefined ? "not set" : `not set (default ${row.default})`;
  if (row.secret) return `found ${MASK} (${value.length} characters)`;
  const shown = maskValue(value);
  return `found ${JSON.stringify(shown.length > 200 ? `${shown.slice(0, 200)}...` : shown)}`;
}

function deepFreeze<T>(value: T): Readonly<T> {
  // The bytes of a view cannot be frozen.
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return value;
  for (const part of Object.values(value)) deepFreeze(part);
  return Object.freeze(value);
}

/** A rule over several fields. */
export interface Rule<S extends ConfigSchema> {
  /** The fields it looks at; it is checked only if each of them is usable, and a problem names the first. */
  readonly fields: readonly [keyof z.output<S> & string, ...(keyof z.output<S> & string)[]];
  readonly holds: (config: z.output<S>) => boolean;
  /** Completes "expected ...", for instance "less than DOORSTEP_STUCK_MS". */
  readonly expects: string;
}

/** Adds a rule to a schema. It is checked beside problems in other fields, so that all are told at once. */
export function requireThat<S extends ConfigSchema>(schema: S, { fields, holds, expects }: Rule<S>): S {
  return schema.refine((config) => holds(config), {
    path: [fields[0]],
    error: expects,
    when: ({ issues }) => issues.every(({ path }) => !fields.some((field) => field === path?.[0])),
  });
}
