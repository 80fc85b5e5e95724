/** `doorstep dead-letters`: reads the command line and hands it to one of the four actions. */
import { parseArgs } from "node:util";
import { openApi } from "../api.ts";
import { type Command, type Surroundings, usageError } from "../command.ts";
import type { Action, Values } from "./action.ts";
import { list } from "./list.ts";
import { purge } from "./purge.ts";
import { replay } from "./replay.ts";
import { show } from "./show.ts";

const OPTIONS = {
  url: { type: "string" },
  key: { type: "string" },
  json: { type: "boolean" },
  user: { type: "string" },
  reason: { type: "string" },
  limit: { type: "string" },
  after: { type: "string" },
  "older-than": { type: "string" },
  all: { type: "boolean" },
} as const;

/** Options that every action takes. */
const COMMON: ReadonlySet<string> = new Set(["url", "key", "json"]);

const ACTIONS: Readonly<Record<string, Action>> = { list, show, replay, purge };

const HELP = `Looks after dead letters: events that nobody acknowledged in time.

Usage:
  doorstep dead-letters list [--user ID] [--reason R] [--limit N] [--after PLACE]
  doorstep dead-letters show <id>
  doorstep dead-letters replay <id>... | --user ID | --reason R | --all
  doorstep dead-letters purge <id>... | --user ID | --reason R | --older-than AGE | --all

  list      oldest first; --limit letters at most (default 50), --after goes on where another list ended
  show      everything about one: its history and its events
  replay    gives events back to their user, with the same ids and new offsets, oldest first; stops at the first refusal
  purge     removes for good; AGE since they died as 30s, 15m, 12h or 7d

Listing and showing need a key with the role read, replaying and purging one with the role admin.
--url, --key, --json and the exit codes: doorstep --help`;

export const deadLetters: Command = {
  summary: "list, show, replay and purge events that nobody acknowledged in time",
  help: HELP,
  async run([name, ...argv]: readonly string[], surroundings: Surroundings): Promise<void> {
    const action = name !== undefined && Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
    if (action === undefined) throw usageError(`dead-letters needs one of ${Object.keys(ACTIONS).join(", ")}`);
    const { values, positionals } = readArguments(argv);
    const strange = Object.keys(values).find((option) => !COMMON.has(option) && !action.takes.includes(option));
    if (strange !== undefined) throw usageError(`${name} takes no --${strange}`);
    const api = openApi(values, surroundings);
    await action.run({ api, ids: positionals, values, ...surroundings });
  },
};

function readArguments(argv: readonly string[]): { values: Values; positionals: string[] } {
  try {
    return parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw usageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}
