import { rm } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { afterEach, describe, expect, it } from "@jest/globals";

import { type Program, type ProgramOptions, startProgram } from "../src/child-program.ts";
import { createCleanUp } from "../src/clean-up.ts";
import { eventually } from "../src/eventually.ts";
import { createFolder, writeModule } from "./support/folder.ts";

const cleanUp = createCleanUp();
afterEach(() => cleanUp.run());

/** Runs the text of a module as a program. */
async function start(text: string, options: Partial<ProgramOptions> = {}): Promise<Program> {
  const script = await writeModule(await createFolder(cleanUp), "program.mjs", text);
  const program = await startProgram({ name: "gateway-1", script, env: {}, ...options });
  cleanUp.add(() => program.stop());
  return program;
}

const STAY = "setInterval(() => {}, 1000);";

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe("startProgram", () => {
  it("is ready when a line says so, and keeps lines parsed", async () => {
    const text = `console.error("hello"); console.log('{"msg":"listening","port":3000}'); ${STAY}`;
    const program = await start(text, { ready: (line) => line.fields["msg"] === "listening" });
    await eventually(() => expect(program.lines.map((line) => line.text)).toContain("hello"));
    expect(program.lines.find((line) => line.fields["msg"] === "listening")?.fields["port"]).toBe(3000);
  });

  it("gives the program its environment and arguments and nothing of the caller's", async () => {
    const text = `console.log("env " + Object.keys(process.env) + " args " + process.argv.slice(2)); ${STAY}`;
    const program = await start(text, { env: { PORT: "1" }, args: ["--print-config"], ready: /^env/ });
    expect(program.lines[0]?.text).toBe("env PORT args --print-config");
  });

  it("tells what a program wrote that crashed before it was ready", async () => {
    const started = start('console.error("REDIS_URL is missing"); process.exit(78);', { ready: /listening/ });
    await expect(started).rejects.toThrow(
      /^gateway-1 did not become ready: it ended with code 78\nREDIS_URL is missing$/,
    );
  });

  it("gives up on a program that never becomes ready, and kills it", async () => {
    const pids: number[] = [];
    const started = start(`console.log(process.pid); ${STAY}`, {
      ready: /listening/,
      readyTimeoutMs: 500,
      log: (line) => pids.push(Number(line.text)),
    });
    await expect(started).rejects.toThrow("no line said ready");
    expect(pids.map(isAlive)).toEqual([false]);
  });

  it("stops with SIGTERM and tells the exit code", async () => {
    const text = `process.on("SIGTERM", () => process.exit(7)); console.log("ready"); ${STAY}`;
    const program = await start(text, { ready: /ready/ });
    await expect(program.stop()).resolves.toEqual({ code: 7, signal: null });
    await expect(program.stop()).resolves.toEqual({ code: 7, signal: null });
  });

  it("kills a program that does not listen to SIGTERM", async () => {
    const text = `process.on("SIGTERM", () => {}); console.log("ready"); ${STAY}`;
    const program = await start(text, { ready: /ready/, stopGraceMs: 100 });
    await expect(program.stop()).resolves.toEqual({ code: null, signal: "SIGKILL" });
  });

  it("is killed at once by default", async () => {
    const program = await start(STAY);
    await program.kill();
    await expect(program.exited).resolves.toEqual({ code: null, signal: "SIGKILL" });
  });

  it("takes its children along when it is killed itself", async () => {
    const kit = pathToFileURL(join(__dirname, "../dist/index.js")).href;
    const text = `import { startRedis } from "${kit}";
      const redis = await startRedis({ binary: process.argv[2] });
      console.log(JSON.stringify({ pid: redis.pid, dir: redis.dir }));`;
    const parent = await start(text, { ready: /pid/, args: [String(process.env["REDIS_SERVER_BIN"])] });
    const [line] = parent.lines;
    const pid = Number(line?.fields["pid"]);
    cleanUp.add(() => rm(String(line?.fields["dir"]), { recursive: true }));
    cleanUp.add(() => isAlive(pid) && process.kill(pid, "SIGKILL"));
    expect(isAlive(pid)).toBe(true);
    await parent.kill();
    await eventually(() => !isAlive(pid));
  });
});
