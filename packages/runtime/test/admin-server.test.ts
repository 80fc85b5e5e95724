import { connect } from "node:net";

import { afterEach, describe, expect, it } from "@jest/globals";

import { startAdminServer } from "../src/admin-server.ts";
import type { AdminPages, AdminServer, ReadyReport } from "../src/admin-server.ts";
import { createLogger } from "../src/logger.ts";
import { createRegistry, defineMetrics } from "../src/metrics.ts";
import { createLines } from "./support/lines.ts";

const opened: AdminServer[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((server) => server.close()));
});

const READY: ReadyReport = { ready: true, checks: { redis: "ok" } };

async function newAdminServer(
  ready: () => ReadyReport | Promise<ReadyReport> = () => READY,
  pages: AdminPages = new Map(),
) {
  const lines = createLines();
  const registry = createRegistry();
  const logger = createLogger({ name: "test", level: "info", destination: lines });
  const server = await startAdminServer({ host: "127.0.0.1", port: 0, registry, ready, pages, logger });
  opened.push(server);
  const ask = (path: string, method = "GET") => fetch(`http://127.0.0.1:${server.port}${path}`, { method });
  return { server, ask, registry, lines, logger };
}

describe("the admin server", () => {
  it("is healthy also while it is not ready", async () => {
    const { ask } = await newAdminServer(() => ({ ready: false, checks: { redis: "no connection" } }));
    expect((await ask("/healthz")).status).toBe(200);
  });

  it("asks no check for its health", async () => {
    let asked = 0;
    const { ask } = await newAdminServer(() => {
      asked += 1;
      return READY;
    });
    await ask("/healthz");
    expect(asked).toBe(0);
  });

  it("tells that it is ready", async () => {
    const response = await (await newAdminServer()).ask("/readyz?verbose");
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(await response.json()).toEqual(READY);
  });

  it("answers 503 and why while it is not ready", async () => {
    const report = { ready: false, checks: { redis: "no connection", sockets: "ok" } };
    const response = await (await newAdminServer(async () => report)).ask("/readyz");
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual(report);
  });

  it("is not ready when a check throws, and logs it", async () => {
    const { ask, lines } = await newAdminServer(() => {
      throw new Error("no route to host");
    });
    const response = await ask("/readyz");
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({ ready: false, checks: { ready: "the check failed; the log says why" } });
    expect(lines.text()).toContain("no route to host");
  });

  it("is not ready when a check does not answer in a probe's time", async () => {
    const { ask } = await newAdminServer(() => new Promise(() => undefined));
    const response = await ask("/readyz");
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({ ready: false, checks: { ready: "no answer within 900 ms" } });
  });

  it("gives the metrics in Prometheus' format", async () => {
    const { ask, registry } = await newAdminServer();
    defineMetrics(registry, { gaps: { name: "doorstep_gaps_total", type: "counter", help: "Gaps." } }).gaps.inc();
    const response = await ask("/metrics");
    expect(response.headers.get("content-type")).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(await response.text()).toContain("doorstep_gaps_total 1");
  });

  it("answers INTERNAL when the metrics cannot be collected", async () => {
    const { ask, registry, lines } = await newAdminServer();
    registry.metrics = () => Promise.reject(new Error("broken collector"));
    const response = await ask("/metrics");
    expect(response.status).toBe(500);
    expect(await response.json()).toMatchObject({ code: "INTERNAL" });
    expect(lines.text()).toContain("broken collector");
  });

  it.each(["/", "/metrics/x", "/HEALTHZ", "//healthz"])("answers NOT_FOUND to %s", async (path) => {
    const response = await (await newAdminServer()).ask(path);
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ code: "NOT_FOUND", retryable: false });
  });

  it("takes GET and HEAD only", async () => {
    const { ask } = await newAdminServer();
    const head = await ask("/healthz", "HEAD");
    expect([head.status, await head.text()]).toEqual([200, ""]);
    const post = await ask("/healthz", "POST");
    expect([post.status, post.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
    expect(await post.json()).toMatchObject({ code: "INVALID_REQUEST" });
  });

  it("leaves the paths at and below a page to it, any method, and no others", async () => {
    const pages: AdminPages = new Map([["/queues", ({ method, url }, response) => response.end(`${method} ${url}`)]]);
    const { ask } = await newAdminServer(() => READY, pages);
    const bodies = ["/queues", "/queues/a/b?c=d"].map(async (path) => (await ask(path, "PUT")).text());
    expect(await Promise.all(bodies)).toEqual(["PUT /queues", "PUT /queues/a/b?c=d"]);
    const statuses = ["/queuesx", "/", "/healthz"].map(async (path) => (await ask(path)).status);
    expect(await Promise.all(statuses)).toEqual([404, 404, 200]);
  });

  it("names the setting to change when its port is in use", async () => {
    const { server, registry, logger } = await newAdminServer();
    const options = { host: "127.0.0.1", port: server.port, registry, ready: () => READY, logger };
    await expect(startAdminServer(options)).rejects.toThrow(
      `port ${server.port} on 127.0.0.1 is in use; stop the program that has it or set DOORSTEP_ADMIN_PORT to another`,
    );
  });

  it("closes although a client holds its connection, more than once", async () => {
    const { server, ask } = await newAdminServer();
    const idle = connect(server.port, "127.0.0.1");
    const ended = new Promise((resolve) => idle.once("close", resolve));
    await new Promise((resolve) => idle.once("connect", resolve));
    await Promise.all([server.close(), server.close(), ended]);
    await expect(ask("/healthz")).rejects.toThrow("fetch failed");
  });
});
