/** `doorstep dead-letters show`. */
import { isRecord } from "@doorstep/protocol";
import { usageError } from "../command.ts";
import { formatTable, printable } from "../table.ts";
import { type Action, pathOf, type Request, textOf } from "./action.ts";

/** Shows one letter: what it is, what happened, and its events. */
export const show: Action = {
  takes: [],
  async run({ api, ids, values, print }: Request): Promise<void> {
    const [id, ...more] = ids;
    if (id === undefined || more.length > 0) throw usageError("show needs one id");
    const letter = await api("GET", pathOf(id));
    if (values.json === true) return print(JSON.stringify(letter));
    const { history, events, ...fields } = letter;
    for (const line of formatTable(["FIELD", "VALUE"], Object.entries(fields).map(textPair))) print(line);
    print("");
    const happened = recordsOf(history).map((entry) => [textOf(entry["at"]), textOf(entry["what"])]);
    for (const line of formatTable(["AT", "WHAT HAPPENED"], happened)) print(line);
    print("");
    for (const event of recordsOf(events)) print(printable(JSON.stringify(event)));
  },
};

function textPair([name, value]: [string, unknown]): [string, string] {
  return [name, textOf(value)];
}

function recordsOf(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}
