/** `doorstep dead-letters replay`. */
import type { Answer, Api } from "../api.ts";
import { type Action, isByFilter, MAX_PAGE, pathOf, readPage, type Request, textOf } from "./action.ts";

/**
 * Replays letters one after the other, oldest first, so that a user's events keep their order. The first that is refused
 * ends it: those behind it must not overtake it.
 */
export const replay: Action = {
  takes: ["user", "reason", "all"],
  async run(request: Request): Promise<void> {
    const { api, ids, values, print, warn } = request;
    const byFilter = isByFilter(request);
    let letters = 0;
    const replayOne = async (id: string): Promise<void> => {
      const answer = await api("POST", `${pathOf(id)}/replay`);
      letters += 1;
      print(values.json === true ? JSON.stringify({ id, ...answer }) : `replayed ${id}: ${countOf(answer)} events`);
    };
    try {
      if (byFilter) for await (const id of idsOf(api, values)) await replayOne(id);
      else for (const id of ids) await replayOne(id);
    } finally {
      warn(`${letters} replayed`);
    }
  },
};

async function* idsOf(api: Api, { user: userId, reason }: Request["values"]): AsyncGenerator<string> {
  let next: string | null = null;
  do {
    const page = await readPage(api, { userId, reason, after: next ?? undefined, limit: MAX_PAGE });
    for (const { id } of page.letters) yield textOf(id);
    next = page.next;
  } while (next !== null);
}

function countOf({ results }: Answer): number {
  return Array.isArray(results) ? results.length : 0;
}
