import { describe, expect, it } from "@jest/globals";

import { createLogger } from "../src/logger.ts";
import { Shutdown } from "../src/shutdown.ts";
import { FakeProcess } from "./support/fake-process.ts";

function newShutdown({ timeoutMs = 10_000 } = {}) {
  const host = new FakeProcess();
  const logger = createLogger({ name: "test", level: "debug", destination: host.stdout });
  const shutdown = new Shutdown({ logger, timeoutMs, process: host });
  shutdown.listen();
  const done: string[] = [];
  const step = (name: string) => async (): Promise<void> => {
    await new Promise(setImmediate);
    done.push(name);
  };
  return { host, shutdown, done, step };
}
const never = () => new Promise<void>(() => undefined);

describe("shutdown", () => {
  it.each(["SIGTERM", "SIGINT"])("runs its steps and exits 0 on %s", async (signal) => {
    const { host, shutdown, done, step } = newShutdown();
    shutdown.add("close", "redis", step("redis"));
    host.emit(signal, signal);
    expect(await host.exited).toBe(0);
    expect(done).toEqual(["redis"]);
    expect(host.stdout.records()[0]).toMatchObject({ msg: "shutting down", reason: signal });
  });

  it("goes by phase, and in a phase by order of adding, one after the other", async () => {
    const { shutdown, done, step } = newShutdown();
    shutdown.add("close", "redis", step("redis"));
    shutdown.add("refuse", "handshakes", step("handshakes"));
    shutdown.add("drain", "sockets", step("sockets"));
    shutdown.add("drain", "acks", () => done.push("acks"));
    shutdown.add("close", "admin", step("admin"));
    await shutdown.begin("test");
    expect(done).toEqual(["handshakes", "sockets", "acks", "redis", "admin"]);
  });

  it("aborts its signal before the first step", async () => {
    const { shutdown } = newShutdown();
    const seen: boolean[] = [shutdown.signal.aborted];
    shutdown.add("refuse", "look", () => seen.push(shutdown.signal.aborted));
    await shutdown.begin("test");
    expect(seen).toEqual([false, true]);
  });

  it("logs a failing step, goes on and exits 1", async () => {
    const { host, shutdown, done, step } = newShutdown();
    shutdown.add("drain", "sockets", () => Promise.reject(new Error("lost")));
    shutdown.add("drain", "acks", () => {
      throw new Error("lost too");
    });
    shutdown.add("close", "redis", step("redis"));
    await shutdown.begin("test");
    expect(done).toEqual(["redis"]);
    expect(host.exits).toEqual([1]);
    expect(host.stdout.records().flatMap(({ step: name }) => name ?? [])).toEqual(["sockets", "acks"]);
  });

  it("runs a step that is added meanwhile if its phase is not over", async () => {
    const { shutdown, done, step } = newShutdown();
    shutdown.add("drain", "sockets", () => {
      shutdown.add("refuse", "too late", step("too late"));
      shutdown.add("drain", "late", step("late"));
    });
    await shutdown.begin("test");
    expect(done).toEqual(["late"]);
  });

  it("exits 1 at the deadline and names the step that hangs", async () => {
    const { host, shutdown } = newShutdown({ timeoutMs: 20 });
    shutdown.add("drain", "sockets", never);
    host.emit("SIGTERM", "SIGTERM");
    expect(await host.exited).toBe(1);
    expect(host.stdout.records().at(-1)).toMatchObject({ msg: "shutdown took too long", step: "sockets" });
  });

  it("exits 1 at once on a second signal", async () => {
    const { host, shutdown } = newShutdown({ timeoutMs: 50 });
    shutdown.add("drain", "sockets", never);
    host.emit("SIGINT", "SIGINT");
    expect(host.exits).toEqual([]);
    host.emit("SIGINT", "SIGINT");
    expect(host.exits).toEqual([1]);
  });

  it.each([
    ["uncaughtException", "uncaught exception"],
    ["unhandledRejection", "unhandled rejection"],
  ])("logs an %s, still runs its steps and exits 1", async (event, message) => {
    const { host, shutdown, done, step } = newShutdown();
    shutdown.add("close", "redis", step("redis"));
    host.emit(event, new Error("bug"));
    expect(await host.exited).toBe(1);
    expect(done).toEqual(["redis"]);
    expect(host.stdout.records()[0]).toMatchObject({ level: "fatal", msg: message, err: { message: "bug" } });
  });

  it("runs once however often it begins, and exits with the worst code", async () => {
    const { host, shutdown, done, step } = newShutdown();
    shutdown.add("close", "redis", step("redis"));
    await Promise.all([shutdown.begin("one"), shutdown.begin("two", 1), shutdown.begin("three")]);
    expect(done).toEqual(["redis"]);
    expect(host.exits).toEqual([1]);
  });
});
