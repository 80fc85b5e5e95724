/** The board of the queues, and the gauges of what waits, on a real courier's admin port. */
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { encodeEvent } from "@doorstep/protocol";
import { connectStore, type Store } from "@doorstep/store";
import {
  type CourierProcess,
  createCleanUp,
  createHubProcesses,
  eventually,
  launchBrowser,
  redisCall,
  type RedisServer,
  startRedis,
} from "@doorstep/testkit";

const PASSWORD = "a password for the tests";
const ON = { DOORSTEP_ADMIN_PASSWORD: PASSWORD };
const cleanUp = createCleanUp();
let redis: RedisServer;
let store: Store;

beforeEach(async () => {
  redis = await startRedis();
  cleanUp.add(() => redis.stop());
  store = await connectStore({ redis: redis.url });
  cleanUp.add(() => store.close());
});
afterEach(() => cleanUp.run());

function startCourier(env: Record<string, string>): Promise<CourierProcess> {
  return createHubProcesses({ redisUrl: redis.url, cleanUp, env }).startCourier();
}

async function publish(userId: string, count: number): Promise<void> {
  const events = Array.from({ length: count }, (_, index) =>
    encodeEvent({ type: "note", data: { index } }, () => `${userId}-${index}`, Date.now()),
  );
  await store.log.append(userId, events);
}

/** A way to ask one courier, with the login unless other headers are given. */
function asker({ adminUrl }: CourierProcess, password = PASSWORD) {
  const authorization = `Basic ${Buffer.from(`admin:${password}`).toString("base64")}`;
  return (path: string, method = "GET", headers: Record<string, string> = {}) =>
    fetch(`${adminUrl}${path}`, { method, headers: { authorization, ...headers } });
}

const countJobs = async (): Promise<number> => Number(await redisCall(redis.port, "ZCARD", "{ds:mb0}:mailbox:delayed"));

interface Shown {
  readonly id: string;
  readonly data: { readonly events: readonly (readonly [string, string])[] };
}

interface Listed {
  readonly queues: readonly { readonly name: string; readonly jobs: readonly Shown[] }[];
}

async function listJobs(ask: ReturnType<typeof asker>): Promise<string[]> {
  const listed = (await (await ask("/queues/api/queues?activeQueue=mb0%20mailbox")).json()) as Listed;
  return listed.queues.flatMap(({ jobs }) => jobs.map(({ id }) => id));
}

describe("the board of the queues", () => {
  it("is not there without a password, and the log says how to have it", async () => {
    const courier = await startCourier({});
    expect((await asker(courier)("/queues")).status).toBe(404);
    const lines = courier.program.lines.map((line) => String(line.fields["msg"]));
    expect(lines.filter((line) => line.includes("DOORSTEP_ADMIN_PASSWORD"))).toHaveLength(1);
  });

  it("wants a login, which nothing else on the port does", async () => {
    const courier = await startCourier(ON);
    for (const path of ["/queues", "/queues/api/queues", "/queues/static/favicon.ico", "/queues/none"]) {
      const answers = [
        await fetch(courier.adminUrl + path),
        await asker(courier, "another password")(path),
        await asker(courier)(path, "GET", { authorization: `Bearer ${PASSWORD}` }),
      ];
      for (const answer of answers) {
        expect([answer.status, answer.headers.get("www-authenticate")]).toEqual([
          401,
          expect.stringMatching(/^Basic /),
        ]);
        expect(await answer.json()).toMatchObject({ code: "UNAUTHORIZED" });
      }
    }
    for (const path of ["/healthz", "/metrics"]) expect((await fetch(courier.adminUrl + path)).status).toBe(200);
  }, 60_000);

  it("slows guessing down, a process over, and looks at the right password all the same", async () => {
    const courier = await startCourier(ON);
    const guess = asker(courier, "another password");
    for (let failure = 0; failure < 5; failure++) expect((await guess("/queues")).status).toBe(401);
    const startedAtMs = performance.now();
    expect((await asker(courier)("/queues")).status).toBe(200);
    expect(performance.now() - startedAtMs).toBeGreaterThanOrEqual(990);
    const many = await Promise.all(Array.from({ length: 40 }, () => guess("/queues")));
    expect(many.filter(({ status }) => status === 401).length).toBeGreaterThan(0);
    const refused = many.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused[0]?.headers.get("retry-after")).toBe("1");
    expect(await refused[0]?.json()).toMatchObject({ code: "RATE_LIMITED", retryable: true });
  });

  it("shows every queue and the parcels in it, at most 50 a page", async () => {
    const ask = asker(await startCourier({ ...ON, DOORSTEP_MAILBOX_QUEUES: "2" }));
    await publish("ann", 3);
    await publish("bob", 3);
    const names = ["mb0 mailbox", "mb1 mailbox", "dead-letter", "sweep"];
    await eventually(async () => {
      const listed = (await (await ask("/queues/api/queues")).json()) as Listed;
      expect(listed.queues.map(({ name }) => name)).toEqual(names);
      const counts = listed.queues.map((queue) => (queue as unknown as { counts: { delayed: number } }).counts.delayed);
      expect((counts[0] ?? 0) + (counts[1] ?? 0)).toBe(2);
    });
    const tooMany = await ask("/queues/api/queues?activeQueue=sweep&jobsPerPage=51");
    expect([tooMany.status, await tooMany.json()]).toMatchObject([400, { code: "INVALID_REQUEST" }]);
    expect((await ask("/queues/api/queues?activeQueue=sweep&jobsPerPage=50")).status).toBe(200);
    expect((await ask("/queues/queue/%E0%A4")).status).toBe(400);
  });

  it("shows the events of a parcel as they were published, in the list and by itself", async () => {
    const ask = asker(await startCourier(ON));
    await publish("ann", 2);
    await eventually(async () => (await countJobs()) === 1);
    const [id] = await listJobs(ask);
    const listed = (await (await ask("/queues/api/queues?activeQueue=mb0%20mailbox")).json()) as Listed;
    const alone = (await (await ask(`/queues/api/queues/mb0%20mailbox/${id}`)).json()) as { job: Shown };
    for (const { data } of [...listed.queues.flatMap(({ jobs }) => jobs), alone.job]) {
      expect(data).toMatchObject({ uid: "uann", count: 2 });
      const bodies = data.events.map(([, body]) => JSON.parse(body) as unknown);
      expect(bodies).toMatchObject([
        { id: "ann-0", type: "note", data: { index: 0 } },
        { id: "ann-1", type: "note", data: { index: 1 } },
      ]);
    }
  });

  it("changes nothing unless it may, whoever asks", async () => {
    const courier = await startCourier(ON);
    const ask = asker(courier);
    await publish("ann", 1);
    await eventually(async () => (await countJobs()) === 1);
    const [id] = await listJobs(ask);
    const own = { origin: courier.adminUrl, "sec-fetch-site": "same-origin" };
    const queue = "/queues/api/queues/mb0%20mailbox";
    const changes = [
      [`${queue}/${id}/clean`, "PUT"],
      [`${queue}/empty`, "PUT"],
      [`${queue}/obliterate`, "PUT"],
      ["/queues/api/queues/pause", "PUT"],
      [`${queue}/add`, "POST"],
      [`${queue}/${id}/update-data`, "PATCH"],
    ] as const;
    for (const [path, method] of changes) expect((await ask(path, method, own)).status).toBe(403);
    expect(await countJobs()).toBe(1);
  });

  it("where it may be changed, it is by its own page only, and the log tells", async () => {
    const courier = await startCourier({ ...ON, DOORSTEP_BOARD_WRITABLE: "true" });
    const ask = asker(courier);
    await publish("ann", 1);
    await eventually(async () => (await countJobs()) === 1);
    const [id] = await listJobs(ask);
    const clean = `/queues/api/queues/mb0%20mailbox/${id}/clean`;
    const foreign = [
      {},
      { origin: "https://evil.example" },
      { origin: "null" },
      { origin: courier.adminUrl.replace("127.0.0.1", "localhost") },
      { origin: courier.adminUrl, "sec-fetch-site": "cross-site" },
      { "sec-fetch-site": "same-site" },
      { "sec-fetch-site": "none" },
    ];
    for (const headers of foreign) {
      const answer = await ask(clean, "PUT", headers);
      expect([answer.status, await answer.json()]).toMatchObject([403, { code: "FORBIDDEN" }]);
    }
    expect(await countJobs()).toBe(1);
    expect((await ask(clean, "PUT", { origin: courier.adminUrl })).status).toBe(204);
    expect(await countJobs()).toBe(0);
    const told = courier.program.lines.filter((line) => line.fields["msg"] === "a queue is changed by hand");
    expect(told.map((line) => line.fields["method"])).toEqual(["PUT"]);
  });

  it("works in a browser, which loads nothing from elsewhere", async () => {
    const courier = await startCourier(ON);
    await publish("ann", 1);
    await eventually(async () => (await countJobs()) === 1);
    const browser = await launchBrowser();
    cleanUp.add(() => browser.close());
    const context = await browser.newContext({ httpCredentials: { username: "admin", password: PASSWORD } });
    const page = await context.newPage();
    const strange: string[] = [];
    page.on("response", (response) => {
      if (!response.url().startsWith(courier.adminUrl)) strange.push(response.url());
    });
    await page.goto(`${courier.adminUrl}/queues`);
    await page.getByText("mb0 mailbox").first().click();
    await page
      .getByText(/uann\.0-0/)
      .first()
      .waitFor();
    expect(strange).toEqual([]);
  }, 60_000);
});

describe("the gauges of what waits", () => {
  it("tell parcels, events and bytes by queue, and how old they are", async () => {
    await publish("ann", 150);
    await publish("bob", 2);
    // Holds what is there, and counts at its start: the next courier's count finds all of it.
    const first = await startCourier({});
    await eventually(async () => (await countJobs()) === 3);
    await first.program.stop();
    const { adminUrl } = await startCourier({});
    const gauge = (text: string, name: string): number => Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1]);
    await eventually(async () => {
      const text = await (await fetch(`${adminUrl}/metrics`)).text();
      const inQueue = (name: string): number => gauge(text, `${name}\\{queue="mb0"\\}`);
      expect(inQueue("doorstep_parcels")).toBe(3);
      expect(inQueue("doorstep_held_events")).toBe(152);
      expect(inQueue("doorstep_held_bytes")).toBeGreaterThan(152 * 50);
      expect(inQueue("doorstep_oldest_parcel_age_seconds")).toBeGreaterThan(0.2);
      expect(gauge(text, "doorstep_due_users")).toBe(0);
      expect(gauge(text, "doorstep_dead_letters")).toBe(0);
    });
  });
});
