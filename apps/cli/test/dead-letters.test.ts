/** The program as people run it, against a real hub. */
import { execFile } from "node:child_process";
import { createServer } from "node:http";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import {
  createCleanUp,
  createHubProcesses,
  eventually,
  freePort,
  programPath,
  type RedisServer,
  startRedis,
} from "@doorstep/testkit";

const PUBLISHER = "key-of-a-publisher";
const READER = "key-of-a-reader";
const ADMIN = "key-of-an-admin";
const cleanUp = createCleanUp();
let redis: RedisServer;
let url: string;

beforeAll(async () => {
  redis = await startRedis({ aof: false });
  cleanUp.add(() => redis.stop());
  const hub = createHubProcesses({
    redisUrl: redis.url,
    cleanUp,
    env: {
      DOORSTEP_API_KEYS: `${PUBLISHER}:publish,${READER}:read,${ADMIN}:admin`,
      DOORSTEP_MAILBOX_MAX_EVENTS: "5",
      DOORSTEP_GRACE_MS: "10",
      DOORSTEP_SWEEP_INTERVAL_MS: "50",
    },
  });
  const gateway = await hub.startGateway();
  url = gateway.url;
  await hub.startCourier();
});
afterAll(() => cleanUp.run());

interface Ran {
  readonly code: number;
  readonly out: string[];
  readonly err: string[];
}

/** Runs the built program with these arguments and nothing in its environment but what is given. */
function doorstep(args: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(process.execPath, [programPath("cli"), ...args], { env, timeout: 20_000 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : Number(error.code ?? -1);
      resolve({ code, out: linesOf(stdout), err: linesOf(stderr) });
    });
  });
}

const linesOf = (text: string): string[] => text.split("\n").slice(0, -1);
const letters = (args: readonly string[], key = ADMIN): Promise<Ran> =>
  doorstep(["dead-letters", ...args], { DOORSTEP_URL: url, DOORSTEP_API_KEY: key });

interface Letter {
  readonly id: string;
  readonly userId: string;
}

async function listed(...args: string[]): Promise<{ deadLetters: Letter[]; next: string | null }> {
  const { out } = await letters(["list", "--json", ...args]);
  return JSON.parse(out.join("\n")) as { deadLetters: Letter[]; next: string | null };
}

/** Asks the hub itself, for what a test needs beside the program: a process for each question takes long. */
async function ask(method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
  const response = await fetch(`${url}/v1/dead-letters${path}`, {
    method,
    headers: { authorization: `Bearer ${ADMIN}`, "content-type": "application/json" },
    body: body === undefined ? null : JSON.stringify(body),
  });
  expect(response.status).toBe(200);
  return (await response.json()) as Record<string, unknown>;
}

async function lettersOf(userId: string): Promise<Letter[]> {
  return (await ask("GET", `?limit=100&userId=${encodeURIComponent(userId)}`))["deadLetters"] as Letter[];
}

async function publish(userId: string, data: unknown, expiresInMs?: number): Promise<void> {
  const response = await fetch(`${url}/v1/publish`, {
    method: "POST",
    headers: { authorization: `Bearer ${PUBLISHER}`, "content-type": "application/json" },
    body: JSON.stringify({ userId, type: "note", data, expiresInMs }),
  });
  expect(response.status).toBe(200);
}

/** Publishes an event that expires at once and waits until it is a dead letter. */
async function makeLetter(userId: string): Promise<string> {
  const before = (await lettersOf(userId)).length;
  await publish(userId, { text: "hello" }, 1);
  const now = await eventually(
    async () => {
      const found = await lettersOf(userId);
      return found.length > before ? found : null;
    },
    { timeoutMs: 20_000 },
  );
  return now.at(-1)?.id ?? "";
}

describe("a hub that cannot be spoken to", () => {
  it.each([
    [200, "text/html", "<html>", "does not answer like a gateway (200)"],
    [404, "application/json", '{"error":"no"}', "does not answer like a gateway (404)"],
    [302, "text/plain", "", "no answer"],
  ])("takes %s %s %s for no gateway", async (status, type, body, expected) => {
    const port = await freePort();
    const server = createServer((_, response) =>
      response.writeHead(status, { "content-type": type, location: url }).end(body),
    );
    cleanUp.add(() => void server.close());
    await new Promise<void>((resolve) => void server.listen(port, "127.0.0.1", resolve));
    const { code, err } = await doorstep([
      "dead-letters",
      "list",
      "--key",
      READER,
      "--url",
      `http://127.0.0.1:${port}`,
    ]);
    expect(code).not.toBe(0);
    expect(err).toEqual([expect.stringContaining(expected)]);
  });

  it.each([
    ["an unknown key", ["list"], "key-of-nobody", "UNAUTHORIZED"],
    ["a publisher's key", ["list"], PUBLISHER, "FORBIDDEN"],
    ["a reader's key", ["purge", "--all"], READER, "FORBIDDEN"],
    ["no such letter", ["show", "dl.uann.0-0.1-1"], READER, "NOT_FOUND"],
    ["no such letter to replay", ["replay", "../publish"], ADMIN, "NOT_FOUND"],
  ])("ends with 1 and the hub's code: %s", async (_name, args, key, expected) => {
    const { code, err } = await letters(args, key);
    expect(code).toBe(1);
    expect(err.join("\n")).toContain(`doorstep: ${expected}: `);
  });
});

describe("dead letters on the command line", () => {
  beforeEach(async () => {
    await ask("POST", "/purge", { olderThanMs: 0 });
  });

  it("are listed in a table, page by page", async () => {
    expect(await letters(["list"])).toEqual({ code: 0, out: [], err: ["no dead letters"] });
    const ids = [await makeLetter("ann"), await makeLetter("bob"), await makeLetter("cy")];
    const { out, err } = await letters(["list"], READER);
    expect(out[0]).toMatch(/^ID +USER +REASON +EVENTS +BYTES +DIED$/);
    expect(out.slice(1).map((line) => line.split(/ +/).slice(0, 4))).toEqual(
      ["ann", "bob", "cy"].map((user, i) => [ids[i], user, "expired", "1"]),
    );
    expect(err).toEqual(["3, no more"]);
    const first = await letters(["list", "--limit", "2"]);
    expect(first.out).toHaveLength(3);
    const [, place = ""] = /more with --after (\d+)$/.exec(first.err[0] ?? "") ?? [];
    expect((await listed("--after", place)).deadLetters.map(({ id }) => id)).toEqual([ids[2]]);
    expect((await listed("--user", "bob", "--reason", "expired")).deadLetters.map(({ id }) => id)).toEqual([ids[1]]);
  });

  it("are shown whole, and nothing of them is obeyed by a terminal", async () => {
    const id = await makeLetter("eve\u001b[2J\u202e");
    const { code, out } = await letters(["show", id], READER);
    expect(code).toBe(0);
    const text = out.join("\n");
    expect(text).toContain("eve\\u{1b}[2J\\u{202e}");
    expect(text).toMatch(/^\S+Z +held$/m);
    expect(text).toMatch(/^\S+Z +expired$/m);
    expect(text).toContain('"data":{"text":"hello"}');
    // oxlint-disable-next-line no-control-regex -- these are what must not be there
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
    const json = JSON.parse((await letters(["show", id, "--json"])).out.join("\n")) as Letter;
    expect(json).toMatchObject({ id, userId: "eve\u001b[2J\u202e" });
  });

  it("are replayed by id and by filter, oldest first", async () => {
    const ids = [await makeLetter("fay"), await makeLetter("fay"), await makeLetter("gus")];
    const one = await letters(["replay", ids[2] ?? ""]);
    expect(one).toEqual({ code: 0, out: [`replayed ${ids[2]}: 1 events`], err: ["1 replayed"] });
    const rest = await letters(["replay", "--all", "--json"]);
    expect(rest.out.map((line) => (JSON.parse(line) as Letter).id)).toEqual(ids.slice(0, 2));
    expect((await listed()).deadLetters).toEqual([]);
  });

  it("stay behind the first that is refused, and the code says to try again", async () => {
    const ids = [await makeLetter("hal"), await makeLetter("hal")];
    for (let i = 0; i < 4; i++) await publish("hal", i);
    const { code, out, err } = await letters(["replay", "--user", "hal"]);
    expect([code, out]).toEqual([3, [`replayed ${ids[0]}: 1 events`]]);
    expect(err).toEqual(["1 replayed", expect.stringContaining("doorstep: MAILBOX_FULL: ")]);
    expect((await listed()).deadLetters.map(({ id }) => id)).toEqual([ids[1]]);
  });

  it("are purged by id, by user and by age", async () => {
    const [first = "", second] = await Promise.all(["ida", "joe", "kim"].map(makeLetter));
    expect(await letters(["purge", first])).toEqual({ code: 0, out: [], err: ["1 purged"] });
    expect((await letters(["purge", "--user", "kim", "--json"])).out).toEqual(['{"purged":1}']);
    expect((await letters(["purge", "--older-than", "1d"])).err).toEqual(["0 purged"]);
    expect((await listed()).deadLetters.map(({ id }) => id)).toEqual([second]);
    expect((await letters(["purge", "--older-than", "0s"])).err).toEqual(["1 purged"]);
    expect((await letters(["purge", "--all"])).code).toBe(0);
  });
});
