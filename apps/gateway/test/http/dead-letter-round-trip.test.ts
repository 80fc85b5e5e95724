/** An event that expired comes back: two gateways, a courier and the command line, each a process of its own. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, expect, it } from "@jest/globals";
import { compareOffsets } from "@doorstep/protocol";
import {
  createCleanUp,
  createHubProcesses,
  eventually,
  type GatewayProcess,
  programPath,
  signHubToken,
  startRedis,
} from "@doorstep/testkit";
import { connectClient } from "../support/client.ts";

const PUBLISHER = "key-of-a-publisher";
const ADMIN = "key-of-an-admin";
const cleanUp = createCleanUp();

afterAll(() => cleanUp.run());

interface Letter {
  readonly id: string;
  readonly from: string;
  readonly to: string;
}

async function call(gateway: GatewayProcess, key: string, path: string, body?: object): Promise<unknown> {
  const response = await fetch(`${gateway.url}${path}`, {
    method: body === undefined ? "GET" : "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: body === undefined ? null : JSON.stringify(body),
  });
  expect(response.status).toBe(200);
  return response.json();
}

async function lettersOf(gateway: GatewayProcess, userId: string): Promise<Letter[]> {
  const answer = await call(gateway, ADMIN, `/v1/dead-letters?userId=${userId}`);
  return (answer as { deadLetters: Letter[] }).deadLetters;
}

it("P3 P10 tells of an expired event before newer ones, and gives it back with its id and a new offset", async () => {
  const redis = await startRedis();
  cleanUp.add(() => redis.stop());
  const env = { DOORSTEP_API_KEYS: `${PUBLISHER}:publish,${ADMIN}:admin`, DOORSTEP_GRACE_MS: "50" };
  const hub = createHubProcesses({ redisUrl: redis.url, cleanUp, env });
  const [first, second] = [await hub.startGateway(), await hub.startGateway()];
  await hub.startCourier();

  const event = { userId: "ann", type: "note" };
  await call(first, PUBLISHER, "/v1/publish", { ...event, id: "short-lived", data: { n: 1 }, expiresInMs: 1 });
  const letter = await eventually(async () => (await lettersOf(first, "ann"))[0] ?? null, { timeoutMs: 20_000 });
  await call(second, PUBLISHER, "/v1/publish", { ...event, id: "newer", data: { n: 2 } });

  const args = [programPath("cli"), "dead-letters", "replay", letter.id, "--json"];
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    env: { DOORSTEP_URL: second.url, DOORSTEP_API_KEY: ADMIN },
    timeout: 20_000,
  });
  const [result] = (JSON.parse(stdout) as { results: { id: string; offset: string; duplicate: boolean }[] }).results;
  expect(result).toMatchObject({ id: "short-lived", duplicate: false });
  expect(compareOffsets(result?.offset ?? "", letter.to)).toBeGreaterThan(0);

  for (const gateway of [first, second]) {
    // A device that has seen nothing; manual, so that it leaves the mailbox to the next one.
    const device = connectClient(cleanUp, gateway.url, { token: signHubToken("ann"), ack: "manual" });
    await eventually(() => device.ready());
    expect(device.items.slice(0, 3)).toEqual([
      { kind: "gap", gap: { from: letter.from, to: letter.to, reason: "expired", count: 1 } },
      { kind: "event", event: expect.objectContaining({ id: "newer", data: { n: 2 } }) },
      { kind: "event", event: expect.objectContaining({ id: "short-lived", data: { n: 1 }, offset: result?.offset }) },
    ]);
    expect(device.items.flatMap((item) => (item.kind === "event" ? [item.event.expiresAt] : []))).toEqual([
      undefined,
      undefined,
    ]);
    expect(device.ready()).toMatchObject({ replayed: 2, recovered: false });
  }
  expect(await lettersOf(second, "ann")).toEqual([]);
}, 60_000);
