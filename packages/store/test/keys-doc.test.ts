import { readFileSync } from "node:fs";

import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

import { createCleanUp, redisCall, type RedisServer, startRedis } from "@doorstep/testkit";

import { connectStore } from "../src/index.ts";
import { dedupeKey, gatewayKey, HUB_KEYS, keysOfUid, queuePrefix } from "../src/user-key.ts";
import { holdParcel } from "./support/courier.ts";
import { event, events } from "./support/event.ts";

const PAGE = readFileSync(new URL("../../../docs/reference/keys.md", import.meta.url), "utf8");

/** Rows of the table under a heading, cells trimmed of spaces and backquotes. */
function rows(heading: string): string[][] {
  const [, section = ""] = PAGE.split(`\n## ${heading}\n`);
  const lines = (section.split("\n## ")[0] ?? "").split("\n").filter((line) => line.startsWith("| `"));
  return lines.map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

/** What a cell names: everything in backquotes. */
function names(cell = ""): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? "");
}

describe("the reference of keys", () => {
  const documented = rows("Keys").flatMap(([key]) => names(key));
  const channels = rows("Channels").flatMap(([channel]) => names(channel));

  it("names every key and channel that the code makes, and no other", () => {
    const keys = keysOfUid("UID", 1024);
    const made = [keys.user, keys.log, keys.due, keys.parcels, keys.litter, keys.collapse, keys.connections];
    made.push(keys.acks, keys.escalated, keys.subscriptions, dedupeKey(keys, "EVENT"));
    const generic = [...made, HUB_KEYS.meta, HUB_KEYS.gateways, HUB_KEYS.histories, gatewayKey("GATEWAY")].map((name) =>
      name
        .replace(`{${keys.partition}}`, "{p}")
        .replace("UID", "<uid>")
        .replace("EVENT", "<event id>")
        .replace("GATEWAY", "<gateway id>"),
    );
    expect(documented.sort()).toEqual(generic.sort());
    const channel = keys.channel.replace(`{${keys.partition}}`, "{p}").replace("UID", "<uid>");
    expect(channels).toEqual([channel, HUB_KEYS.histories]);
    expect(PAGE).toContain(`\`${queuePrefix("<queue>")}:\``);
  });

  describe("of a hub in use", () => {
    const cleanUp = createCleanUp();
    let redis: RedisServer;
    beforeAll(async () => {
      redis = await startRedis();
      cleanUp.add(() => redis.stop());
      const store = await connectStore({ redis: redis.url, limits: { logMaxEvents: 1 } });
      cleanUp.add(() => store.close());
      const keys = store.log.keysOf("ada");
      await store.log.append("ada", [event({ id: "mine" }), ...events(5)]);
      await store.presence.connected(keys, "socket", "gw");
      await store.presence.renewLease("gw", 60_000, "info");
      await store.pushSubscriptions.add(keys, { endpoint: "https://push.example/1", keys: { p256dh: "B", auth: "a" } });
      await store.history.check();
      await store.history.raiseFloor(keys, "5-0");
      const held = await holdParcel(store, keys, 2);
      await store.custody.expire(keys, held.parcel, "expired", held.offsets);
      await holdParcel(store, keys, 2);
      await store.log.ack(keys, held.parcel.to, { clientId: "phone", since: "0-0", isResumed: false });
      await store.log.append("ada", events(1));
      const last = await holdParcel(store, keys, 1);
      await store.receipts.noteEscalated(keys, last.offsets);
      const limits = { mailboxMaxEvents: 1, mailboxPolicy: "drop_oldest" } as const;
      const full = await connectStore({ redis: redis.url, limits });
      cleanUp.add(() => full.close());
      await full.log.append("ada", [event({ collapseKey: "mine" })]);
    });
    afterAll(() => cleanUp.run());

    it("tells the type of every key there is, and all of them are there", async () => {
      const patterns = rows("Keys").map(([key, type]) => {
        const [name = ""] = names(key);
        const escaped = name.replace("{p}", String.raw`\{\d+\}`).replaceAll(/<[^>]+>/g, ".+");
        return { name, type, pattern: new RegExp(`^${escaped}$`) };
      });
      const found = new Set<string>();
      for (const key of (await redisCall(redis.port, "KEYS", "*")) as string[]) {
        const known = patterns.find(({ pattern }) => pattern.test(key));
        expect([key, known?.type]).toEqual([key, await redisCall(redis.port, "TYPE", key)]);
        found.add(known?.name ?? "");
      }
      expect([...found].sort()).toEqual(documented.sort());
    });

    it("tells every field of the user hash", async () => {
      const [key] = (await redisCall(redis.port, "KEYS", "ds:{*}:u:uada")) as string[];
      const fields = (await redisCall(redis.port, "HKEYS", key ?? "")) as string[];
      const told = rows("The user hash").flatMap(([field]) => names(field));
      expect([...fields].sort()).toEqual(told.sort());
    });
  });
});
