/** Programs of this repository as parts: started from their build, ready when `/readyz` (or the page) answers. */
import { createWriteStream, existsSync } from "node:fs";
import { join } from "node:path";
import { eventually, startProgram } from "@doorstep/testkit";
import type { PartPlan, PartProcess } from "./part.ts";

export interface ProgramPlan {
  readonly name: string;
  readonly about: string;
  readonly url?: string;
  /** Path of the built program, from the root. */
  readonly script: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Answers 2xx once it is ready. */
  readonly readyUrl: string;
}

const READY_TIMEOUT_MS = 30_000;
const STOP_GRACE_MS = 8_000;

/** Makes the plan of a part; `logDir` gets a file with everything the program writes. */
export function programPart(root: string, logDir: string, plan: ProgramPlan): PartPlan {
  const { name, about, url, script, env, readyUrl } = plan;
  const path = join(root, script);
  const logPath = join(logDir, `${name}.log`);
  const launch = async (): Promise<PartProcess> => {
    if (!existsSync(path)) throw new Error(`${script} is not there: run \`npm run build\` first`);
    const file = createWriteStream(logPath, { flags: "a" });
    const program = await startProgram({
      name,
      script: path,
      env,
      stopGraceMs: STOP_GRACE_MS,
      log: (line) => file.write(`${line.text}\n`),
    });
    const exited = program.exited.then(({ code, signal }) => {
      file.end();
      return signal ?? `exit code ${code}`;
    });
    const ended = exited.then((how) => {
      throw new Error(`${name} ended with ${how} while it started, see ${logPath}`);
    });
    // Only of interest while it starts; afterwards the part hears of the end.
    ended.catch(() => undefined);
    await Promise.race([ready(name, readyUrl, logPath), ended]);
    return { pid: program.pid, exited, stop: () => program.stop() };
  };
  return { name, about, launch, ...(url === undefined ? {} : { url }) };
}

async function ready(name: string, url: string, logPath: string): Promise<void> {
  const isReady = async () => (await fetch(url, { signal: AbortSignal.timeout(2_000) })).ok;
  const message = `${name} did not become ready, see ${logPath}`;
  await eventually(isReady, { timeoutMs: READY_TIMEOUT_MS, intervalMs: 100, message });
}
