/**
 * A process of a measurement itself: publisher, live users, users who come back. Each is one, so that nobody else's work
 * is taken for the hub's.
 *
 * It gets its orders as one argument of JSON, says that it is ready, and reports in lines of JSON.
 */
import type { LogLine } from "./child.ts";
import { type Program, startProgram } from "./child-program.ts";
import type { CleanUp } from "./clean-up.ts";

export interface ActorOptions {
  readonly name: string;
  /** Path of its built script. */
  readonly script: string;
  readonly orders: object;
  readonly cleanUp: CleanUp;
  /** Called with each report. */
  readonly onReport: (fields: LogLine["fields"]) => void;
}

/** Starts it; resolves when it is ready. It runs until it has done its work, or until `cleanUp`. */
export async function startActor({ name, script, orders, cleanUp, onReport }: ActorOptions): Promise<Program> {
  const program = await startProgram({
    name,
    script,
    args: [JSON.stringify(orders)],
    env: {},
    ready: /"msg":"ready"/,
    log: ({ fields }) => {
      if (fields["msg"] === "report") onReport(fields);
    },
  });
  cleanUp.add(() => program.stop());
  return program;
}

/** Runs one that reports once and ends; throws where it ends without a report. */
export async function runActor(options: Omit<ActorOptions, "onReport">): Promise<LogLine["fields"]> {
  let report: LogLine["fields"] | undefined;
  const program = await startActor({ ...options, onReport: (fields) => (report = fields) });
  const { code, signal } = await program.exited;
  if (report !== undefined) return report;
  throw new Error(`${options.name} ended with ${signal ?? code}: ${program.lines.at(-1)?.text ?? ""}`);
}
