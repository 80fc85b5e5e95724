/** `doorstep dead-letters list`. */
import type { Answer } from "../api.ts";
import { usageError } from "../command.ts";
import { formatTable } from "../table.ts";
import { type Action, MAX_PAGE, readPage, type Request, textOf } from "./action.ts";

const DEFAULT_LIMIT = 50;

/** Lists letters, oldest first; asks for as many pages as it takes, since a page may be short before the end. */
export const list: Action = {
  takes: ["user", "reason", "limit", "after"],
  async run({ api, ids, values, print, warn }: Request): Promise<void> {
    if (ids.length > 0) throw usageError("list takes no ids");
    const limit = readLimit(values.limit);
    const { user: userId, reason } = values;
    const letters: Answer[] = [];
    let next = values.after ?? null;
    do {
      const missing = Math.min(limit - letters.length, MAX_PAGE);
      const page = await readPage(api, { userId, reason, after: next ?? undefined, limit: missing });
      letters.push(...page.letters);
      next = page.next;
    } while (next !== null && letters.length < limit);
    if (values.json === true) return print(JSON.stringify({ deadLetters: letters, next }));
    const rows = letters.map((letter) => [
      textOf(letter["id"]),
      textOf(letter["userId"]),
      textOf(letter["reason"]),
      Number(letter["count"]),
      Number(letter["bytes"]),
      textOf(letter["deadAt"]),
    ]);
    if (rows.length > 0) for (const line of formatTable(HEADINGS, rows)) print(line);
    if (next !== null) warn(`${letters.length}, more with --after ${next}`);
    else warn(letters.length === 0 ? "no dead letters" : `${letters.length}, no more`);
  },
};

const HEADINGS = ["ID", "USER", "REASON", "EVENTS", "BYTES", "DIED"];

function readLimit(text: string | undefined): number {
  if (text === undefined) return DEFAULT_LIMIT;
  if (!/^[1-9]\d{0,6}$/.test(text)) throw usageError("--limit is a whole number from 1");
  return Number(text);
}
