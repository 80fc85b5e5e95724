/** `doorstep dead-letters purge`. */
import { usageError } from "../command.ts";
import { type Action, isByFilter, nextOf, PATH, pathOf, type Request } from "./action.ts";

const UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Removes letters for good; by filter in as many calls as the hub wants. */
export const purge: Action = {
  takes: ["user", "reason", "older-than", "all"],
  async run(request: Request): Promise<void> {
    const { ids, values, print, warn } = request;
    const byFilter = isByFilter(request);
    const olderThanMs = values.all === true ? 0 : readAge(values["older-than"]);
    let purged = 0;
    try {
      if (byFilter) await purgeByFilter(request, olderThanMs, (count) => (purged += count));
      else for (const id of ids) purged += Number((await request.api("DELETE", pathOf(id)))["purged"]);
    } finally {
      if (values.json === true) print(JSON.stringify({ purged }));
      else warn(`${purged} purged`);
    }
  },
};

async function purgeByFilter(
  { api, values }: Request,
  olderThanMs: number | undefined,
  count: (purged: number) => void,
): Promise<void> {
  const { user: userId, reason } = values;
  let next: string | null = null;
  do {
    // What is undefined does not become part of the JSON.
    const body = { userId, reason, olderThanMs, after: next ?? undefined };
    const answer = await api("POST", `${PATH}/purge`, body);
    count(Number(answer["purged"]));
    next = nextOf(answer);
  } while (next !== null);
}

function readAge(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const [, number, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  if (number === undefined || unit === undefined)
    throw usageError("--older-than is an age such as 30s, 15m, 12h or 7d");
  return Number(number) * UNIT_MS[unit as keyof typeof UNIT_MS];
}
