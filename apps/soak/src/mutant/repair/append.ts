/** Mutants of the way into the log: what keeps an event from being there twice, or twice in an application. */
import type { Mutant } from "../mutant.ts";

const STORE = "packages/store/dist";
const LUA = "packages/store/lua";

export const APPEND_MUTANTS: readonly Mutant[] = [
  {
    name: "no-dedupe-of-retries",
    lacks: "dedupe: a retry looks its ids up in the recent log",
    edits: [{ file: `${LUA}/include/append.lua`, find: "known = rare().logged(log, id)", replace: "known = false" }],
    plan: { fault: "lost-reply", seconds: 4 },
    breaks: ["duplicateLog"],
  },
  {
    name: "no-dedupe-of-own-ids",
    lacks: "dedupe: ids that callers choose are remembered",
    edits: [{ file: `${LUA}/include/append.lua`, find: "call('GET', KEYS[next_key])", replace: "false" }],
    plan: { fault: "lost-reply", seconds: 4 },
    breaks: ["duplicateLog"],
  },
  {
    name: "connection-resends",
    lacks: "a connection does not send by itself again what was in flight",
    edits: [
      {
        file: `${STORE}/connection.js`,
        find: "autoResendUnfulfilledCommands: false,",
        replace: "autoResendUnfulfilledCommands: true,",
      },
      { file: `${STORE}/connection.js`, find: "enableOfflineQueue: false,", replace: "enableOfflineQueue: true," },
      { file: `${STORE}/connection.js`, find: "maxRetriesPerRequest: 0,", replace: "maxRetriesPerRequest: 20," },
    ],
    plan: { fault: "lost-reply", seconds: 4 },
    breaks: ["duplicateLog"],
  },
  {
    name: "no-ephemeral-ids",
    lacks: "the SDK drops an ephemeral event that comes again",
    edits: [
      {
        file: "packages/client/dist/inbox.js",
        find: "if (this.#ephemeralIds.add(event.id))",
        replace: "if (true)",
      },
    ],
    plan: { fault: "lost-reply", seconds: 12, paceMs: 60 },
    breaks: ["duplicateApplied"],
  },
];
