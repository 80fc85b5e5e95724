import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { ZERO_OFFSET } from "@doorstep/protocol";
import {
  aofBytes,
  createCleanUp,
  cutAof,
  eventually,
  redisCall,
  type RedisServer,
  startRedis,
} from "@doorstep/testkit";

import { connectStore, type Store } from "../src/index.ts";
import { event, events } from "./support/event.ts";

const cleanUp = createCleanUp();
let redis: RedisServer;
let publisher: Store;
let gateway: Store;

beforeEach(async () => {
  redis = await startRedis();
  cleanUp.add(() => redis.stop());
  [publisher, gateway] = [await open(), await open()];
  await gateway.history.check();
});
afterEach(() => cleanUp.run());

async function open(): Promise<Store> {
  const opened = await connectStore({ redis: redis.url, limits: { logMaxEvents: 2 } });
  cleanUp.add(() => opened.close());
  return opened;
}

/** Kills Redis and starts it with as much of its file as there was. */
async function restart(bytes?: number): Promise<void> {
  await redis.kill();
  if (bytes !== undefined) await cutAof(redis, bytes);
  await redis.restart();
  await eventually(() => publisher.isReady() && gateway.isReady());
}

async function mark(): Promise<string> {
  await gateway.history.check();
  return gateway.history.markOf(0);
}

describe("a publisher that was answered", () => {
  it("P5 finds out that its event is gone, though nobody had seen it and others went on", async () => {
    await publisher.log.append("ada", [event()]);
    const bytes = await aofBytes(redis);
    await publisher.log.append("ada", [event()]);
    await restart(bytes);
    // The log's head is beyond the loss before anybody has compared.
    await gateway.log.append("ada", [event()]);
    await eventually(async () => (await mark()) !== ZERO_OFFSET);
  });

  it("P5 finds it among many users, and tells it once", async () => {
    for (let n = 0; n < 100; n++) await publisher.log.append(`user-${n}`, [event()]);
    const bytes = await aofBytes(redis);
    await publisher.log.append("ada", [event()]);
    await restart(bytes);
    const first = await eventually(async () => {
      const found = await mark();
      return found === ZERO_OFFSET ? null : found;
    });
    await restart();
    await publisher.log.append("ada", [event()]);
    expect(await mark()).toBe(first);
  });

  it("P5 finds nothing where everything is there, trimmed, a duplicate or refused", async () => {
    const keys = publisher.log.keysOf("ada");
    const results = await publisher.log.append("ada", events(64));
    await publisher.log.ack(keys, results.at(-1)?.offset ?? "");
    // A whole page of another user trims nothing of this one; her log keeps two of these.
    await publisher.log.append("ada", events(64));
    const mine = event({ id: "mine" });
    await publisher.log.append("bert", [mine]);
    await publisher.log.append("bert", [mine]);
    const conflict = publisher.log.append("bert", [event({ id: "mine", data: { other: true } })]);
    await expect(conflict).rejects.toMatchObject({ code: "CONFLICT" });
    await restart();
    // Looking is over once a second restart has been looked into as well.
    await publisher.log.append("carl", [event()]);
    await restart();
    await publisher.log.append("carl", [event()]);
    expect(await mark()).toBe(ZERO_OFFSET);
  });

  it("P5 is not misled by what left in its time", async () => {
    await publisher.log.append("ada", [event()]);
    const keys = publisher.log.keysOf("ada");
    await redisCall(redis.port, "DEL", keys.user, keys.log);
    // Older than any key lives: nine days ago, by the clock of the call.
    const known = await redisCall(redis.port, "EVALSHA_RO", ...(await knownCall(keys.user, keys.log)));
    expect(known).toBe(1);
  });
});

/** A call of the script that looks for an event of long ago. */
async function knownCall(user: string, log: string): Promise<(string | number)[]> {
  const { scriptText } = await import("../src/script.ts");
  const sha = String(await redisCall(redis.port, "SCRIPT", "LOAD", scriptText("known")));
  return [sha, 2, user, log, `${Date.now() - 9 * 86_400_000}-0`, 8 * 86_400_000];
}
