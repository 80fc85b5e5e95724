import { afterEach, describe, expect, it } from "@jest/globals";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createCleanUp, eventually, freePort, startProgram } from "@doorstep/testkit";
import { Part } from "../../src/start/part.ts";
import { choosePort } from "../../src/start/port.ts";
import { requireRedis } from "../../src/start/redis.ts";
import { renderTable } from "../../src/start/table.ts";

const cleanUp = createCleanUp();
afterEach(() => cleanUp.run());

/** A part whose process is a real one that runs `code`. */
async function startPart(code: string): Promise<{ part: Part; said: string[] }> {
  const dir = await mkdtemp(join(tmpdir(), "doorstep-part-"));
  cleanUp.add(() => rm(dir, { recursive: true, force: true }));
  const script = join(dir, "part.mjs");
  await writeFile(script, code);
  const said: string[] = [];
  const launch = async () => {
    const program = await startProgram({ name: "part", script, env: {}, ready: /ready/ });
    const exited = program.exited.then(({ code, signal }) => signal ?? `exit code ${code}`);
    return { pid: program.pid, exited, stop: () => program.stop() };
  };
  const part = new Part({ name: "part", about: "a test", launch }, (line) => said.push(line));
  cleanUp.add(() => part.stop());
  await part.start();
  return { part, said };
}

describe("Part", () => {
  it("P5 brings a killed process back and tells so", async () => {
    const { part, said } = await startPart("console.log('ready'); setInterval(() => {}, 1000)");
    const { pid } = part;
    process.kill(pid ?? 0, "SIGKILL");
    await eventually(() => said.length === 2);
    expect(part.pid).not.toBe(pid);
    expect(said).toEqual(["part died (SIGKILL), starting it again ...", `part is back, pid ${part.pid}`]);
  });

  it("gives up on a process that dies again and again", async () => {
    const { said } = await startPart("console.log('ready'); setTimeout(() => process.exit(3), 20)");
    await eventually(() => said.at(-1)?.includes("stays down") ?? false, { timeoutMs: 20_000 });
    expect(said.filter((line) => line.includes("starting it again"))).toHaveLength(5);
  });

  it("tells of each death after it told that the process was back, also where it died at once", async () => {
    const said: string[] = [];
    const launch = () =>
      Promise.resolve({ pid: 1, exited: Promise.resolve("exit code 3"), stop: () => Promise.resolve() });
    await new Part({ name: "part", about: "a test", launch }, (line) => said.push(line)).start();
    await eventually(() => said.length === 11);
    const round = ["part died (exit code 3), starting it again ...", "part is back, pid 1"];
    const rounds = Array.from({ length: 5 }, () => round).flat();
    expect(said).toEqual([...rounds, "part died again (exit code 3); it stays down, see its log"]);
  });

  it("stops without bringing it back", async () => {
    const { part, said } = await startPart("console.log('ready'); setInterval(() => {}, 1000)");
    await part.stop();
    expect(() => process.kill(part.pid ?? 0, 0)).toThrow("ESRCH");
    expect(said).toEqual([]);
  });
});

describe("choosePort", () => {
  it("takes the port that was asked for", async () => {
    const port = await freePort();
    expect(await choosePort(String(port))).toBe(port);
    expect(await choosePort(undefined)).toBeGreaterThan(0);
  });

  it("says in one sentence that it is in use, or no port", async () => {
    const server = createServer();
    const port = await freePort();
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
    cleanUp.add(() => server.close());
    await expect(choosePort(String(port))).rejects.toThrow(`port ${port} is in use: stop the program that has it`);
    await expect(choosePort("http")).rejects.toThrow("PORT is http, which is no port");
  });
});

describe("requireRedis", () => {
  it("says in one sentence that nobody answers", async () => {
    const url = `redis://127.0.0.1:${await freePort()}`;
    await expect(requireRedis(url)).rejects.toThrow(/^REDIS_URL cannot be used: .*; correct it, or unset it/);
  });
});

describe("renderTable", () => {
  it("sets columns under each other", () => {
    expect(
      renderTable([
        ["a", "long", "x"],
        ["bbb", "", "y"],
      ]),
    ).toBe("  a     long   x\n  bbb          y");
  });
});
