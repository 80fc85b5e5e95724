import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { createServer as createHttpServer } from "node:http";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createHub } from "@doorstep/agent";
import { listen } from "@doorstep/runtime";
import { createCleanUp, eventually, startRedis } from "@doorstep/testkit";
import { decodeJwt, jwtVerify } from "jose";
import { Folder } from "../src/agent/folder.ts";
import { Desk } from "../src/desk.ts";
import { createServer, type SessionAnswer } from "../src/server.ts";
import { makeFolder } from "./support/library.ts";

const cleanUp = createCleanUp();
const SECRET = "0123456789abcdef0123456789abcdef";
let base: string;
const errors: unknown[] = [];

beforeAll(async () => {
  const redis = await startRedis();
  cleanUp.add(() => redis.stop());
  const hub = createHub({ redis: redis.url, source: "urn:test" });
  cleanUp.add(() => hub.close());
  const folder = new Folder(await makeFolder(cleanUp));
  const pageDir = await mkdtemp(join(tmpdir(), "doorstep-page-"));
  cleanUp.add(() => rm(pageDir, { recursive: true, force: true }));
  await writeFile(join(pageDir, "index.html"), "<title>page</title>");
  await mkdir(join(pageDir, "assets"));
  const onError = (error: unknown) => errors.push(error);
  const settings = {
    jwtSecret: SECRET,
    jwtIssuer: "demo",
    jwtAudience: "hub",
    gatewayUrls: ["http://localhost:1", "http://localhost:2"],
    graceMs: 3_000,
  };
  const app = createServer({ settings, folder, desk: new Desk(hub, folder, onError), pageDir, onError });
  const server = createHttpServer(app);
  base = `http://127.0.0.1:${await listen(server, { host: "127.0.0.1", port: 0, setting: "PORT" })}`;
  cleanUp.add(() => server.close().closeAllConnections());
});
afterAll(() => cleanUp.run());

/** A visitor with a cookie of its own. */
async function visit() {
  const response = await fetch(`${base}/api/session`);
  const setCookie = response.headers.get("set-cookie") ?? "";
  const cookie = setCookie.split(";")[0] ?? "";
  return { session: (await response.json()) as SessionAnswer, cookie, setCookie };
}

function ask(cookie: string, body: unknown, type = "application/json"): Promise<Response> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return fetch(`${base}/api/ask`, { method: "POST", headers: { cookie, "content-type": type }, body: text });
}

describe("GET /api/session", () => {
  it("makes a visitor with a cookie that scripts cannot read, and knows it again", async () => {
    const { session, cookie, setCookie } = await visit();
    expect(setCookie).toMatch(/HttpOnly/);
    expect(setCookie).toMatch(/SameSite=Lax/);
    expect(session).toMatchObject({
      gateways: ["http://localhost:1", "http://localhost:2"],
      graceMs: 3_000,
      files: 6,
      questions: expect.arrayContaining(["Where is `moorBoat` defined?"]),
    });
    const again = await fetch(`${base}/api/session`, { headers: { cookie } });
    expect(again.headers.get("set-cookie")).toBeNull();
    expect(((await again.json()) as SessionAnswer).userId).toBe(session.userId);
    expect((await visit()).session.userId).not.toBe(session.userId);
  });

  it("P4 does not take a user id for a cookie", async () => {
    const { session } = await visit();
    const response = await fetch(`${base}/api/session`, { headers: { cookie: `doorstep_visitor=${session.userId}` } });
    expect(((await response.json()) as SessionAnswer).userId).not.toBe(session.userId);
  });
});

describe("GET /api/token", () => {
  it("answers a token of ten minutes for the visitor", async () => {
    const { session, cookie } = await visit();
    const token = await (await fetch(`${base}/api/token`, { headers: { cookie } })).text();
    const key = new TextEncoder().encode(SECRET);
    const { payload } = await jwtVerify(token, key, { algorithms: ["HS256"], issuer: "demo", audience: "hub" });
    expect(payload.sub).toBe(session.userId);
    const { exp = 0, iat = 0 } = decodeJwt(token);
    expect(exp - iat).toBe(600);
  });

  it("answers UNAUTHORIZED to nobody", async () => {
    const response = await fetch(`${base}/api/token`);
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ code: "UNAUTHORIZED", retryable: false });
  });
});

describe("POST /api/ask", () => {
  it("starts a run that its visitor can follow, and nobody else", async () => {
    const { cookie } = await visit();
    const response = await ask(cookie, { question: "How are boats moored?", away: true });
    expect(response.status).toBe(202);
    const { runId } = (await response.json()) as { runId: string };
    const report = async () =>
      (await (await fetch(`${base}/api/runs/${runId}`, { headers: { cookie } })).json()) as { status: string };
    expect(await report()).toMatchObject({ status: "running" });
    await eventually(async () => (await report()).status === "ended");
    const stranger = (await visit()).cookie;
    expect((await fetch(`${base}/api/runs/${runId}`, { headers: { cookie: stranger } })).status).toBe(404);
  });

  it.each([
    [400, {}],
    [400, { question: "" }],
    [400, { question: "   " }],
    [400, { question: 7 }],
    [400, { question: "x".repeat(301) }],
    [400, { question: "ok?", away: "yes" }],
    [400, []],
    [400, "null"],
    [400, "{"],
    [413, { question: "x".repeat(20_000) }],
  ])("answers %i to %j", async (status, body) => {
    const { cookie } = await visit();
    const response = await ask(cookie, body);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ code: expect.any(String), message: expect.any(String) });
  });

  it("refuses forms of other sites and strangers", async () => {
    const { cookie } = await visit();
    expect((await ask(cookie, "question=hi", "application/x-www-form-urlencoded")).status).toBe(400);
    expect((await ask("", { question: "hi?" })).status).toBe(401);
  });

  it("P8 answers RATE_LIMITED while two answers are on their way", async () => {
    const { cookie } = await visit();
    const statuses = [];
    for (let n = 0; n < 3; n++) statuses.push((await ask(cookie, { question: "How are boats moored?" })).status);
    expect(statuses).toEqual([202, 202, 429]);
    await eventually(async () => (await ask(cookie, { question: "Fees?" })).status === 202, { timeoutMs: 15_000 });
  });
});

describe("everything else", () => {
  it("serves the page under a policy that lets it speak to the gateways only", async () => {
    const response = await fetch(`${base}/`);
    expect(await response.text()).toContain("<title>page</title>");
    const policy = response.headers.get("content-security-policy");
    expect(policy).toContain(
      "connect-src 'self' http://localhost:1 ws://localhost:1 http://localhost:2 ws://localhost:2;",
    );
    expect(response.headers.get("x-powered-by")).toBeNull();
  });

  it.each(["/api/nothing", "/nothing.html", "/assets/../../../package.json", "/%2e%2e/package.json"])(
    "answers a coded error to %s",
    async (path) => {
      const response = await fetch(`${base}${path}`);
      expect(response.status).toBeGreaterThanOrEqual(400);
      expect(await response.json()).toMatchObject({ code: expect.any(String) });
      expect(errors).toEqual([]);
    },
  );
});
