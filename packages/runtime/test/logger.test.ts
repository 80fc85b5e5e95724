import { describe, expect, it } from "@jest/globals";

import { DoorstepError } from "@doorstep/protocol";

import { createLogger, describeThrown } from "../src/logger.ts";
import { createLines } from "./support/lines.ts";

function newLogger() {
  const lines = createLines();
  return { lines, logger: createLogger({ name: "gateway", level: "info", destination: lines }) };
}

describe("createLogger", () => {
  it("writes a JSON line with name, level and time", () => {
    const { lines, logger } = newLogger();
    logger.info({ userId: "ann" }, "connected");
    expect(lines.records()).toEqual([
      expect.objectContaining({ name: "gateway", level: "info", userId: "ann", msg: "connected" }),
    ]);
    expect(Date.parse(String(lines.records()[0]?.["time"]))).toBeGreaterThan(0);
  });

  it("leaves out what is below its level", () => {
    const { lines, logger } = newLogger();
    logger.debug("noise");
    expect(lines.text()).toBe("");
  });

  it.each(["token", "authorization", "auth", "cookie", "secret", "password", "apiKey", "redisUrl"])(
    "redacts %s at the top and nested",
    (key) => {
      const { lines, logger } = newLogger();
      logger.info({ [key]: "hunter2", config: { [key]: "hunter2" }, req: { headers: { [key]: "hunter2" } } }, "x");
      expect(lines.text()).not.toContain("hunter2");
      expect(lines.records()[0]).toMatchObject({ [key]: "***", config: { [key]: "***" } });
    },
  );

  it("redacts in child loggers as well", () => {
    const { lines, logger } = newLogger();
    logger.child({ part: "socket" }).info({ token: "hunter2" }, "x");
    expect(lines.records()[0]).toMatchObject({ part: "socket", token: "***" });
  });

  it("logs an error without the command that a client library hung on it", () => {
    const { lines, logger } = newLogger();
    const err = Object.assign(new Error("OOM command not allowed"), { command: { name: "xadd", args: ["a payload"] } });
    logger.error({ err }, "append failed");
    expect(lines.text()).not.toContain("a payload");
    expect(lines.records()[0]).toMatchObject({ err: { type: "Error", message: "OOM command not allowed" } });
  });
});

describe("describeThrown", () => {
  it("keeps code, stack and cause", () => {
    const cause = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
    const described = describeThrown(new DoorstepError("UNAVAILABLE", "shard 3", { cause }));
    expect(described).toMatchObject({
      type: "DoorstepError",
      message: "Redis cannot be reached: shard 3",
      code: "UNAVAILABLE",
      cause: { type: "Error", code: "ECONNREFUSED" },
    });
    expect(described.stack).toContain("logger.test");
  });

  it("masks passwords of URLs in message and stack", () => {
    expect(JSON.stringify(describeThrown(new Error("cannot reach redis://u:hunter2@host")))).not.toContain("hunter2");
    expect(describeThrown("redis://u:hunter2@host")).toEqual({ type: "string", message: "redis://u:***@host" });
  });

  it("tells the parts of an aggregate", () => {
    const described = describeThrown(new AggregateError([new Error("::1"), new Error("127.0.0.1")], "refused"));
    expect(described.errors?.map(({ message }) => message)).toEqual(["::1", "127.0.0.1"]);
  });

  it("ends where causes go in a circle", () => {
    const err = new Error("a");
    err.cause = err;
    expect(JSON.stringify(describeThrown(err)).match(/"cause"/g)).toHaveLength(5);
  });

  it("does without a stack", () => {
    const err = new Error("a");
    delete err.stack;
    expect(describeThrown(err)).toEqual({ type: "Error", message: "a" });
  });
});
