import { describe, expect, it } from "@jest/globals";
import { z } from "zod";

import { commonConfig } from "../src/common-config.ts";
import { secret, text } from "../src/config-field.ts";
import { runMain } from "../src/run-main.ts";
import type { MainContext } from "../src/run-main.ts";
import { FakeProcess } from "./support/fake-process.ts";

const schema = z.object({
  ...commonConfig({ adminPort: 9090 }),
  jwtSecret: secret(text()).optional().describe("Key of tokens."),
});

interface Run {
  env?: Record<string, string>;
  argv?: string[];
  start?: (context: MainContext<typeof schema>) => Promise<void>;
}

async function runProgram({ env = {}, argv = [], start = async () => undefined }: Run) {
  const host = new FakeProcess();
  let started = 0;
  const count = (context: MainContext<typeof schema>) => {
    started += 1;
    return start(context);
  };
  await runMain({ name: "gateway", schema, env, argv, start: count, process: host });
  return { host, started };
}

describe("runMain", () => {
  it("starts the program with its settings, logger, shutdown and registry, and exits 0 on SIGTERM", async () => {
    const closed: string[] = [];
    const { host } = await runProgram({
      env: { DOORSTEP_ADMIN_PORT: "0", DOORSTEP_LOG_LEVEL: "debug" },
      start: async ({ config, logger, shutdown, registry }) => {
        shutdown.add("close", "all", () => closed.push("all"));
        const [series = ""] = (await registry.metrics()).split("\n");
        logger.debug({ adminPort: config.adminPort, series }, "started");
      },
    });
    expect(host.stdout.records()).toEqual([
      expect.objectContaining({
        name: "gateway",
        msg: "started",
        adminPort: 0,
        series: expect.stringMatching(/^# HELP/),
      }),
    ]);
    host.emit("SIGTERM", "SIGTERM");
    expect(await host.exited).toBe(0);
    expect(closed).toEqual(["all"]);
  });

  it("ends with 78 and every problem on stderr without starting", async () => {
    const { host, started } = await runProgram({ env: { DOORSTEP_ADMIN_PORT: "x", DOORSTEP_LOG_LEVEL: "loud" } });
    expect([started, host.exitCode]).toEqual([0, 78]);
    expect(host.stderr.text().split("\n")).toEqual([
      "gateway: the settings are not usable:",
      '  DOORSTEP_ADMIN_PORT: found "x", expected a whole number from 0 to 65535',
      '  DOORSTEP_LOG_LEVEL: found "loud", expected one of fatal, error, warn, info, debug, trace, silent',
      "",
    ]);
    expect(host.stdout.text()).toBe("");
  });

  it("prints the settings, secrets masked, and does not start", async () => {
    const { host, started } = await runProgram({
      env: { DOORSTEP_JWT_SECRET: "hunter2", REDIS_URL: "redis://u:hunter2@host" },
      argv: ["--print-config"],
    });
    expect([started, host.exitCode]).toEqual([0, undefined]);
    expect(host.stdout.text()).toContain("DOORSTEP_JWT_SECRET=***");
    expect(host.stdout.text()).toContain("REDIS_URL=redis://u:***@host");
  });

  it("prints no settings that are not usable", async () => {
    const { host } = await runProgram({ env: { DOORSTEP_ADMIN_PORT: "x" }, argv: ["--print-config"] });
    expect([host.exitCode, host.stdout.text()]).toEqual([78, ""]);
  });

  it("helps whatever the settings are", async () => {
    const { host, started } = await runProgram({ env: { DOORSTEP_ADMIN_PORT: "x" }, argv: ["--help"] });
    expect([started, host.exitCode]).toEqual([0, undefined]);
    expect(host.stdout.text()).toContain("DOORSTEP_ADMIN_PORT (default 9090)");
  });

  it("refuses an argument it does not know", async () => {
    const { host, started } = await runProgram({ argv: ["--print-confg"] });
    expect([started, host.exitCode]).toEqual([0, 78]);
    expect(host.stderr.text()).toContain("unknown argument --print-confg, see --help");
  });

  it("tells why a start failed in one line, closes what was opened and exits 1", async () => {
    const closed: string[] = [];
    const { host } = await runProgram({
      start: ({ shutdown }) => {
        shutdown.add("close", "redis", () => closed.push("redis"));
        return Promise.reject(new Error("port 9090 on 0.0.0.0 is in use"));
      },
    });
    expect(host.exits).toEqual([1]);
    expect(closed).toEqual(["redis"]);
    expect(host.stdout.records().filter(({ level }) => level === "fatal")).toEqual([
      expect.objectContaining({ msg: "gateway could not start: port 9090 on 0.0.0.0 is in use" }),
    ]);
  });

  it("does not call a start that a signal interrupted a failure", async () => {
    const host = new FakeProcess();
    const start = ({ shutdown }: MainContext<typeof schema>) =>
      new Promise<void>((_, reject) => {
        shutdown.signal.addEventListener("abort", () => reject(new Error("connection closed")));
        host.emit("SIGTERM", "SIGTERM");
      });
    await runMain({ name: "gateway", schema, env: {}, argv: [], start, process: host });
    expect(await host.exited).toBe(0);
    expect(host.stdout.text()).not.toContain("could not start");
  });

  it("lets a mistake in the schema itself be seen", async () => {
    const wrong = schema.extend({ extra: text().optional() });
    const options = { name: "gateway", schema: wrong, env: {}, argv: [], start: async () => undefined };
    await expect(runMain({ ...options, process: new FakeProcess() })).rejects.toThrow("extra needs a description");
  });
});
