/**
 * The kinds of setting a program can have: each reads one environment variable's text into one typed value.
 *
 * A kind is made by `field` from a parser and a phrase saying what it expects; the phrase is part of every problem
 * line and of the docs, so a setting cannot be refused without saying what would be accepted. Zod's own `.default()`,
 * `.optional()` and `.describe()` follow; a setting with neither of the first two is required:
 *
 *   graceMs: durationMs({ min: 0 }).default(10_000).describe("How long a user may be away before ..."),
 *   jwtSecret: secret(text({ minLength: 32 })).optional().describe("Key that ..."),
 *
 * Units stand in the field's name, so values are plain numbers; "64KiB" or "10s" are refused.
 */

import { z } from "zod";

/** What a field knows about itself besides its type. */
export interface FieldNotes {
  readonly expects: string;
  readonly secret?: boolean;
}

const NOTES = z.registry<FieldNotes>();

/**
 * Creates a kind of setting. `parse` gets the variable's text and answers the value, or `undefined` where the text is
 * not acceptable; `expects` completes the sentence "expected ...".
 */
export function field<T>({ expects, parse }: { expects: string; parse: (text: string) => T | undefined }) {
  const schema = z.string({ error: expects }).transform((text, context): T => {
    const value = parse(text);
    if (value !== undefined) return value;
    context.addIssue({ code: "custom", message: expects });
    return z.NEVER;
  });
  NOTES.add(schema, { expects });
  return schema;
}

/** Marks a field as secret: its value is masked wherever settings are shown. */
export function secret<T extends z.ZodType>(schema: T): T {
  const marked = schema.clone();
  NOTES.add(marked, { ...notesOf(schema), secret: true });
  return marked;
}

/** Tells what a field expects and whether it is secret. Throws TypeError if no helper of this file made it. */
export function notesOf(schema: z.core.$ZodType): FieldNotes {
  const notes = findNotes(schema);
  if (notes === undefined) throw new TypeError("a setting must be made by one of the helpers of config-field.ts");
  return notes;
}

function findNotes(schema: z.core.$ZodType): FieldNotes | undefined {
  const notes = NOTES.get(schema);
  if (notes !== undefined) return notes;
  return schema instanceof z.ZodDefault || schema instanceof z.ZodOptional ? findNotes(schema.unwrap()) : undefined;
}

export interface IntegerLimits {
  /** Smallest accepted value. @default 0 */
  readonly min?: number;
  /** Largest accepted value. @default Number.MAX_SAFE_INTEGER */
  readonly max?: number;
}

/** Reads a whole number in decimal digits. */
export function integer(limits: IntegerLimits = {}) {
  return wholeNumber("a whole number", limits);
}

/** Reads a duration, a whole number of milliseconds; at most what a timer can wait (2^31-1 ms, 24.8 days). */
export function durationMs({ min = 0, max = 2 ** 31 - 1 }: IntegerLimits = {}) {
  return wholeNumber("a whole number of milliseconds", { min, max });
}

/** Reads a size, a whole number of bytes. */
export function bytes(limits: IntegerLimits = {}) {
  return wholeNumber("a whole number of bytes", limits);
}

function wholeNumber(what: string, { min = 0, max = Number.MAX_SAFE_INTEGER }: IntegerLimits) {
  const range = max === Number.MAX_SAFE_INTEGER ? `of ${min} or more` : `from ${min} to ${max}`;
  return field({
    expects: `${what} ${range}`,
    parse: (text) => {
      const value = /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
      return Number.isSafeInteger(value) && value >= min && value <= max ? value : undefined;
    },
  });
}

/** Reads text. White space around it is refused: it is nearly always a line feed that a file left behind. */
export function text({ minLength = 1, maxLength = 4096 }: { minLength?: number; maxLength?: number } = {}) {
  return field({
    expects: `${minLength} to ${maxLength} characters without white space around them`,
    parse: (value) =>
      value.length >= minLength && value.length <= maxLength && value === value.trim() ? value : undefined,
  });
}

/** Reads one of a few words. */
export function oneOf<const W extends string>(words: readonly W[]) {
  return field({ expects: `one of ${words.join(", ")}`, parse: (value) => words.find((word) => word === value) });
}

/** Reads a switch: true or 1, false or 0. */
export function flag() {
  const values = new Map([
    ["true", true],
    ["1", true],
    ["false", false],
    ["0", false],
  ]);
  return field({ expects: "true or false", parse: (value) => values.get(value) });
}

/** Reads an absolute URL and keeps it as text. */
export function url({ schemes = ["http", "https"] }: { schemes?: readonly string[] } = {}) {
  return field({
    expects: `a URL that begins with ${schemes.map((scheme) => `${scheme}://`).join(" or ")}`,
    parse: (value) =>
      schemes.some((scheme) => value.startsWith(`${scheme}://`)) && !/\s/.test(value) && URL.canParse(value)
        ? value
        : undefined,
  });
}

/**
 * Reads items separated by commas, white space around each removed; an empty item is refused. `item` reads one, and
 * `expects` says what an item is.
 */
export function list<T>({ expects, item }: { expects: string; item: (text: string) => T | undefined }) {
  return field({
    expects: `${expects}, separated by commas`,
    parse: (value) => {
      const items: T[] = [];
      for (const part of value.split(",")) {
        const parsed = part.trim() === "" ? undefined : item(part.trim());
        if (parsed === undefined) return undefined;
        items.push(parsed);
      }
      return items;
    },
  });
}
