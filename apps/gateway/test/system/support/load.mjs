/**
 * A publisher process under load: publishes numbered events to each user, one after the other, with `durability:
 * "replicated"` and the patience of minutes, and says so in a JSON line as each is acknowledged. SIGTERM ends it in order.
 * Its orders come in LOAD_ORDERS.
 */
import { setTimeout as delay } from "node:timers/promises";
import { createHub } from "@doorstep/agent";

const { redisUrl, name, users, paceMs } = JSON.parse(process.env.LOAD_ORDERS);
const hub = createHub({ redis: redisUrl, source: `urn:test:${name}`, durability: "replicated", timeoutMs: 120_000 });
await hub.ready();
const ending = new AbortController();
process.once("SIGTERM", () => ending.abort());
console.log(JSON.stringify({ msg: "load ready" }));

async function serve(userId) {
  for (let n = 0; !ending.signal.aborted; n++) {
    const { id, offset } = await hub.publish({ userId }, "test_event", { n, by: name });
    console.log(JSON.stringify({ msg: "acknowledged", userId, id, offset, atMs: Date.now() }));
    await delay(paceMs * (0.5 + Math.random()));
  }
}

await Promise.all(users.map(serve));
await hub.close();
