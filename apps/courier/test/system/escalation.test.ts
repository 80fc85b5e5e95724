/** Escalation end to end: a real courier, a real Redis, and a webhook receiver that verifies what it gets. */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { encodeEvent, type Offset } from "@doorstep/protocol";
import { connectStore, type Store } from "@doorstep/store";
import {
  createCleanUp,
  eventually,
  freePort,
  type Program,
  type RedisServer,
  startProgram,
  startRedis,
} from "@doorstep/testkit";
import { Webhook } from "standardwebhooks";
import { type Endpoint, type Received, startEndpoint, status } from "../escalation/support/endpoint.ts";

const SCRIPT = join(__dirname, "../../dist/main.js");
const SECRET = `whsec_${randomBytes(32).toString("base64")}`;
const cleanUp = createCleanUp();
let redis: RedisServer;
let store: Store;
let endpoint: Endpoint;
let adminPort: number;
let lastId = 0;

beforeEach(async () => {
  redis = await startRedis();
  cleanUp.add(() => redis.stop());
  store = await connectStore({ redis: redis.url });
  cleanUp.add(() => store.close());
  endpoint = await startEndpoint(cleanUp);
});
afterEach(() => cleanUp.run());

async function startCourier(env: Record<string, string> = {}): Promise<Program> {
  adminPort = await freePort();
  const program = await startProgram({
    name: "courier",
    script: SCRIPT,
    env: {
      REDIS_URL: redis.url,
      HOST: "127.0.0.1",
      DOORSTEP_ADMIN_PORT: String(adminPort),
      DOORSTEP_GRACE_MS: "50",
      DOORSTEP_SWEEP_INTERVAL_MS: "50",
      DOORSTEP_STALLED_INTERVAL_MS: "1000",
      DOORSTEP_ESCALATE_AFTER_MS: "300",
      DOORSTEP_WEBHOOK_URL: endpoint.url,
      DOORSTEP_WEBHOOK_SECRET: SECRET,
      DOORSTEP_WEBHOOK_BACKOFF_MS: "50",
      DOORSTEP_WEBHOOK_ALLOW_PRIVATE: "127.0.0.1",
      ...env,
    },
    ready: /"courier ready"/,
  });
  cleanUp.add(() => program.stop());
  return program;
}

async function publish(userId: string, types: readonly string[]): Promise<Offset[]> {
  const events = types.map((type) => encodeEvent({ type, data: { n: ++lastId } }, () => `e${++lastId}`, Date.now()));
  return (await store.log.append(userId, events)).map(({ offset }) => offset ?? "");
}

interface Body {
  readonly userId: string;
  readonly events: readonly { readonly offset: Offset; readonly type: string }[];
}

/** What a receiver gets after it has verified the signature; throws for a forged one. */
function verified({ headers, body }: Received): Body {
  return new Webhook(SECRET).verify(body.toString(), headers as Record<string, string>) as Body;
}

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
  const lines = text.split("\n").filter((line) => line.startsWith(name));
  return lines.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
}

describe("a user who is away", () => {
  it("P3 is escalated to by one signed webhook with a batch of events, and the receipt says so", async () => {
    const offsets = await publish("ada", ["agent_completed", "note", "note"]);
    await startCourier();
    await eventually(() => endpoint.received.length === 1, { timeoutMs: 15_000 });
    const body = verified(endpoint.received[0] as Received);
    expect(body.userId).toBe("ada");
    expect(body.events.map(({ offset }) => offset)).toEqual(offsets);
    await eventually(async () =>
      expect(await metric('doorstep_escalations_total{sink="webhook",outcome="delivered"}')).toBe(1),
    );
    // Held until somebody acknowledges it; nothing is told twice.
    expect((await store.log.heads([store.log.keysOf("ada")]))[0]?.undelivered).toBe(3);
    expect(endpoint.received).toHaveLength(1);
  }, 30_000);

  it("P3 is escalated to until the endpoint takes it, with one delivery id", async () => {
    endpoint.behave((response, n) => status(n <= 2 ? 500 : 200)(response, n));
    await publish("ada", ["note"]);
    await startCourier();
    await eventually(() => endpoint.received.length === 3, { timeoutMs: 20_000 });
    const ids = endpoint.received.map(({ headers }) => headers["webhook-id"]);
    expect(new Set(ids).size).toBe(1);
    for (const received of endpoint.received) expect(verified(received).events).toHaveLength(1);
    await eventually(async () =>
      expect(await metric('doorstep_escalations_total{sink="webhook",outcome="retry"}')).toBe(2),
    );
  }, 40_000);

  it("P3 is not escalated to where the ack comes in time", async () => {
    const [offset = ""] = await publish("ada", ["note"]);
    await publish("bert", ["note"]);
    await startCourier({ DOORSTEP_ESCALATE_AFTER_MS: "1500" });
    await store.log.ack(store.log.keysOf("ada"), offset);
    await eventually(() => endpoint.received.length === 1, { timeoutMs: 15_000 });
    expect(verified(endpoint.received[0] as Received).userId).toBe("bert");
    expect(endpoint.received).toHaveLength(1);
  }, 30_000);

  it("P3 is escalated to by the rules: by type, by age, or not at all", async () => {
    const rules = [
      { types: ["note"], afterMs: 100, sinks: [] },
      { types: ["agent_*"], afterMs: 200, sinks: ["webhook"] },
    ];
    await publish("ada", ["note", "agent_completed", "note"]);
    await startCourier({ DOORSTEP_ESCALATION_RULES: JSON.stringify(rules) });
    await eventually(() => endpoint.received.length === 1, { timeoutMs: 15_000 });
    const types = verified(endpoint.received[0] as Received).events.map(({ type }) => type);
    expect(types).toEqual(["agent_completed"]);
  }, 30_000);

  it("P3 P5 is escalated to also where the courier is killed while the endpoint works, under the same id", async () => {
    endpoint.behave(() => undefined);
    await publish("ada", ["note"]);
    const courier = await startCourier();
    await eventually(() => endpoint.received.length === 1, { timeoutMs: 15_000 });
    await courier.kill("SIGKILL");
    endpoint.behave(status(200));
    await startCourier();
    await eventually(() => endpoint.received.length === 2, { timeoutMs: 40_000 });
    const [first, second] = endpoint.received.map(({ headers }) => headers["webhook-id"]);
    expect(second).toBe(first);
  }, 60_000);

  it("refuses to start with a webhook that nobody could verify, and says which setting is missing", async () => {
    const started = startProgram({
      name: "courier",
      script: SCRIPT,
      env: { REDIS_URL: redis.url, DOORSTEP_WEBHOOK_URL: endpoint.url },
      ready: /"courier ready"/,
    });
    await expect(started).rejects.toThrow("DOORSTEP_WEBHOOK_SECRET");
  }, 30_000);
});
