/**
 * A publisher process: publishes `perUser` numbered events to each user, users interleaved, through the agent SDK, and
 * writes one JSON line when all are acknowledged. Its orders come in PUBLISHER_ORDERS.
 */
import { setTimeout as delay } from "node:timers/promises";
import { createHub } from "@doorstep/agent";

const { redisUrl, name, users, perUser, paceMs = 0 } = JSON.parse(process.env.PUBLISHER_ORDERS);
const hub = createHub({ redis: redisUrl, source: `urn:test:${name}`, timeoutMs: 30_000 });
console.log(JSON.stringify({ msg: "publisher ready" }));
const offsets = {};
for (let n = 0; n < perUser; n++) {
  const items = users.map((userId) => ({ to: { userId }, type: "test_event", data: { n, by: name } }));
  const results = await hub.publishMany(items);
  results.forEach((result, i) => {
    if ("error" in result) throw result.error;
    (offsets[users[i]] ??= []).push(result.offset);
  });
  if (paceMs > 0) await delay(paceMs);
}
await hub.close();
console.log(JSON.stringify({ msg: "publisher done", published: users.length * perUser }));
