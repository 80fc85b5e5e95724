/** What the actions on dead letters share: their arguments, which letters these mean, and pages of letters. */
import { isRecord } from "@doorstep/protocol";
import type { Answer, Api } from "../api.ts";
import { CliError, EXIT, type Surroundings, usageError } from "../command.ts";

/** Options as they were given. */
export interface Values {
  readonly url?: string | undefined;
  readonly key?: string | undefined;
  readonly json?: boolean | undefined;
  readonly user?: string | undefined;
  readonly reason?: string | undefined;
  readonly limit?: string | undefined;
  readonly after?: string | undefined;
  readonly "older-than"?: string | undefined;
  readonly all?: boolean | undefined;
}

export interface Request extends Surroundings {
  readonly api: Api;
  readonly ids: readonly string[];
  readonly values: Values;
}

export interface Action {
  /** Options it takes besides those that all take. */
  readonly takes: readonly string[];
  run(request: Request): Promise<void>;
}

export const PATH = "/v1/dead-letters";

/** The path of one letter. */
export function pathOf(id: string): string {
  return `${PATH}/${encodeURIComponent(id)}`;
}

/** Whether letters are named by what they have in common; throws where both ways are used, or neither. */
export function isByFilter({ ids, values }: Request): boolean {
  const { user, reason, all } = values;
  const isFiltered = (user ?? reason ?? values["older-than"]) !== undefined;
  if (ids.length > 0 && (isFiltered || all === true)) throw usageError("either ids or options that choose letters");
  if (isFiltered && all === true) throw usageError("--all chooses all; leave the others out");
  if (ids.length === 0 && !isFiltered && all !== true) throw usageError("ids are needed, or --all");
  return ids.length === 0;
}

/** What a page is asked for. */
export interface PageQuery {
  readonly userId?: string | undefined;
  readonly reason?: string | undefined;
  readonly after?: string | undefined;
  readonly limit: number;
}

/** Part of the letters; `next` is null at the end. A page may be short, or empty, before it. */
export interface Page {
  readonly letters: readonly Answer[];
  readonly next: string | null;
}

/** Most letters that one page may be asked for. */
export const MAX_PAGE = 100;

/** Asks for a page. */
export async function readPage(api: Api, query: PageQuery): Promise<Page> {
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) given.set(name, String(value));
  const answer = await api("GET", `${PATH}?${given.toString()}`);
  const letters = answer["deadLetters"];
  return { letters: Array.isArray(letters) ? letters.filter(isRecord) : [], next: nextOf(answer) };
}

/** Writes a field of an answer as text: text as it is, anything else as JSON, what is absent as `?`. */
export function textOf(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "?");
}

/** Where an answer says that the rest begins; null where there is none. */
export function nextOf({ next }: Answer): string | null {
  if (next === null || typeof next === "string") return next;
  throw new CliError("the answer does not say where it ends", EXIT.refused);
}
