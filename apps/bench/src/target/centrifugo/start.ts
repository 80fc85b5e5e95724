/** Starts nodes of Centrifugo, where its program is on this machine. */
import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { type CleanUp, eventually, freePort } from "@doorstep/testkit";

import type { DeployOptions, Deployment, Server } from "../../target.ts";
import { toConfig } from "./config.ts";

const NAME = "centrifugo";
const MODULE = "github.com/centrifugal/centrifugo/v6@v6.9.1";
const START_MS = 20_000;

/** Says why there is no Centrifugo here; undefined where there is one. */
export function whyAbsent(): string | undefined {
  return findProgram() === undefined
    ? `no ${NAME} on PATH, and CENTRIFUGO does not name one (go install ${MODULE} builds one)`
    : undefined;
}

/** Starts as many nodes as are asked for. */
export async function startCentrifugo({ redisUrl, servers: count, cleanUp }: DeployOptions): Promise<Deployment> {
  const program = findProgram();
  if (program === undefined) throw new Error(whyAbsent());
  const folder = await mkdtemp(join(tmpdir(), "doorstep-bench-"));
  cleanUp.add(() => rm(folder, { recursive: true, force: true }));
  const servers: Server[] = [];
  const publishTo: string[] = [];
  const startServer = async (): Promise<Server> => {
    const port = await freePort();
    const config = join(folder, `${port}.json`);
    await writeFile(config, toConfig({ redisUrl, port }));
    const server = await startNode(program, config, port, cleanUp);
    servers.push(server);
    publishTo.push(server.url);
    return server;
  };
  await Promise.all(Array.from({ length: count }, startServer));
  return { servers, publishTo, companions: {}, startServer };
}

async function startNode(program: string, config: string, port: number, cleanUp: CleanUp): Promise<Server> {
  const node = spawn(program, ["--config", config], { stdio: "ignore" });
  await once(node, "spawn");
  cleanUp.add(() => kill(node, "SIGTERM"));
  const url = `http://127.0.0.1:${port}`;
  const isHealthy = async (): Promise<boolean> => (await fetch(`${url}/health`)).ok;
  await eventually(isHealthy, { timeoutMs: START_MS, message: `${NAME} is not healthy` });
  return { name: NAME, url, pid: Number(node.pid), kill: (signal = "SIGKILL") => kill(node, signal) };
}

async function kill(node: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (node.exitCode !== null || node.signalCode !== null) return;
  const exited = once(node, "exit");
  node.kill(signal);
  if (signal !== "SIGSTOP" && signal !== "SIGCONT") await exited;
}

function findProgram(): string | undefined {
  const { CENTRIFUGO: chosen = "", PATH: path = "" } = process.env;
  const places = chosen === "" ? path.split(delimiter).map((folder) => join(folder, NAME)) : [chosen];
  return places.find((place) => {
    try {
      accessSync(place, constants.X_OK);
      return true;
    } catch {
      // Not there, or no program.
      return false;
    }
  });
}
