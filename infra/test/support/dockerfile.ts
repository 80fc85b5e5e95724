/**
 * Reads a Dockerfile far enough to check it: stages, their instructions, and what a stage inherits from those below it.
 *
 * Knows line continuations, comments, `FROM x AS y` and the JSON (exec) form. Heredocs and escape directives are not
 * understood and not used here.
 */

/** One instruction of a stage; `text` is everything after the keyword, continuations joined. */
interface Instruction {
  readonly keyword: string;
  readonly text: string;
}

/** One `FROM ... AS name` and what follows it. */
export interface Stage {
  readonly name: string;
  readonly from: string;
  readonly instructions: readonly Instruction[];
}

/** A `COPY`: its sources, and the stage it copies from if not from the build context. */
export interface Copy {
  readonly sources: readonly string[];
  readonly target: string;
  readonly from: string | undefined;
}

/** Splits the text of a Dockerfile into its stages, by name and in order. Throws on a stage without a name. */
export function parseStages(text: string): Map<string, Stage> {
  const lines = text
    .split("\n")
    .filter((line) => !/^\s*(#|$)/.test(line))
    .join("\n")
    .replaceAll(/\\\n\s*/g, "")
    .split("\n");
  const stages = new Map<string, Stage>();
  let current: Instruction[] = [];
  for (const line of lines) {
    const keyword = (/^\w+/.exec(line)?.[0] ?? "").toUpperCase();
    const rest = line.slice(keyword.length).trim();
    if (keyword === "FROM") {
      const [, from, name] = /^(\S+)\s+AS\s+(\S+)$/i.exec(rest) ?? [];
      if (from === undefined || name === undefined) throw new Error(`a stage without a name: ${line}`);
      current = [];
      stages.set(name, { name, from, instructions: current });
    } else {
      current.push({ keyword, text: rest });
    }
  }
  return stages;
}

/** A stage and those it is built on, nearest first. */
export function lineage(stages: ReadonlyMap<string, Stage>, name: string): Stage[] {
  const stage = stages.get(name);
  return stage === undefined ? [] : [stage, ...lineage(stages, stage.from)];
}

/** The last value of an instruction in a stage or, failing that, in one it is built on. */
export function effective(stages: ReadonlyMap<string, Stage>, name: string, keyword: string): string | undefined {
  return lineage(stages, name)
    .map((stage) => stage.instructions.findLast((each) => each.keyword === keyword)?.text)
    .find((text) => text !== undefined);
}

/** The strings of an instruction in exec form; undefined for the shell form. */
export function execForm(text: string | undefined): string[] | undefined {
  if (text === undefined || !text.startsWith("[")) return undefined;
  const parsed: unknown = JSON.parse(text);
  return Array.isArray(parsed) && parsed.every((each) => typeof each === "string") ? parsed : undefined;
}

/** The `COPY` instructions of a stage. */
export function copiesOf(stage: Stage): Copy[] {
  return stage.instructions
    .filter((each) => each.keyword === "COPY")
    .map(({ text }) => {
      const words = text.split(/\s+/);
      const paths = words.filter((word) => !word.startsWith("--"));
      const from = words.find((word) => word.startsWith("--from="))?.slice("--from=".length);
      return { sources: paths.slice(0, -1), target: paths.at(-1) ?? "", from };
    });
}
