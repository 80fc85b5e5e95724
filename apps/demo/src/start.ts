/**
 * `npm start`: the whole system on this machine, until Ctrl-C.
 *
 * Redis (or REDIS_URL), two gateways, a courier, the demo server; each in a process of its own, its output in
 * `.doorstep/logs`, brought back when it dies. Ctrl-C stops them in the reverse order and ends with 0; a second one
 * ends everything at once. What is missing is told in one sentence, exit code 1, with nothing left running.
 *
 * Environment: PORT (page), REDIS_URL, REDIS_SERVER_BIN, DOORSTEP_DEMO_FOLDER.
 */
import { mkdir } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { createCleanUp } from "@doorstep/testkit";
import { Part, type PartPlan } from "./start/part.ts";
import { choosePort } from "./start/port.ts";
import { programPart } from "./start/program.ts";
import { redisPart, requireRedis } from "./start/redis.ts";
import { planSystem } from "./start/system.ts";
import { renderTable } from "./start/table.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const logDir = join(root, ".doorstep", "logs");
const cleanUp = createCleanUp();
let isStopping = false;

const say = (line: string): void => console.log(`doorstep: ${line}`);

/** Starts a part and remembers to stop it; nothing is started any more once the end has begun. */
async function startPart(plan: PartPlan): Promise<Part> {
  const part = new Part(plan, say);
  if (isStopping) return part;
  cleanUp.add(() => part.stop());
  await part.start();
  return part;
}

async function startAll(): Promise<void> {
  await mkdir(logDir, { recursive: true });
  const port = await choosePort(process.env["PORT"]);
  const ownRedis = process.env["REDIS_URL"] ?? "";
  if (ownRedis !== "") await requireRedis(ownRedis);
  const redis = ownRedis === "" ? await redisPart(join(root, ".doorstep", "redis"), process.env, say) : undefined;
  say("starting ...");
  const parts: Part[] = redis === undefined ? [] : [await startPart(redis)];
  const folder = process.env["DOORSTEP_DEMO_FOLDER"];
  const plans = await planSystem({
    redisUrl: redis?.url ?? ownRedis,
    port,
    folder: folder === undefined || folder === "" ? undefined : resolve(folder),
  });
  for (const plan of plans) parts.push(await startPart(programPart(root, logDir, plan)));
  if (!isStopping) tell(parts, port);
}

function tell(parts: readonly Part[], port: number): void {
  const rows = parts.map(({ plan, pid }) => [plan.name, `pid ${pid}`, plan.url ?? "", plan.about]);
  console.log(`
  Open http://localhost:${port}

${renderTable(rows)}

  Kill any of them (kill -9 PID) and watch; logs are in ${relative(process.cwd(), logDir) || logDir}. Ctrl-C ends everything.
`);
}

/** Stops everything, newest first, and ends the process. */
async function stopAll(exitCode: number): Promise<never> {
  isStopping = true;
  try {
    await cleanUp.run();
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    process.exit(1);
  }
  process.exit(exitCode);
}

function handleSignal(): void {
  // The children end with their parent, whatever they are doing.
  if (isStopping) process.exit(1);
  say("stopping ...");
  void stopAll(0);
}

process.on("SIGINT", handleSignal);
process.on("SIGTERM", handleSignal);
try {
  await startAll();
} catch (error) {
  if (!isStopping) {
    const [sentence = ""] = (error instanceof Error ? error.message : String(error)).split("\n");
    console.error(`doorstep: ${sentence}`);
    await stopAll(1);
  }
}
