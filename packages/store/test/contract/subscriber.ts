import { describe, expect, it } from "@jest/globals";

import { eventually, redisCall } from "@doorstep/testkit";

import type { UserKeys } from "../../src/index.ts";
import { openEar } from "../support/ear.ts";
import { event, events } from "../support/event.ts";
import type { Harness } from "../support/harness.ts";

/** Hearing what is pushed. */
export function describeSubscriber({ open, topology, newUser }: Harness): void {
  const killSubscribers = async (keys: UserKeys): Promise<void> => {
    const { port } = await topology().masterOf(keys.log);
    expect(await redisCall(port, "CLIENT", "KILL", "TYPE", "pubsub")).toBeGreaterThan(0);
  };

  describe("a subscriber", () => {
    it("P2 hears everything appended after a confirmed subscription, and nothing after it left", async () => {
      const store = await open();
      const users = [newUser(), newUser(), newUser()];
      const ear = await openEar(store);
      for (const user of users) {
        await ear.subscriber.subscribe(store.log.keysOf(user));
        await store.log.append(user, [event({ data: user })]);
      }
      await eventually(() => expect(ear.heard).toHaveLength(3));
      expect(ear.heard.map(({ channel }) => channel)).toEqual(users.map((user) => store.log.keysOf(user).channel));
      const [left = "", stays = ""] = users;
      await ear.subscriber.unsubscribe(store.log.keysOf(left));
      await store.log.append(left, events(1));
      await store.log.append(stays, events(1));
      await eventually(() =>
        expect(ear.heard.slice(3).some(({ channel }) => channel === store.log.keysOf(stays).channel)).toBe(true),
      );
      expect(ear.heard).toHaveLength(4);
    });

    it("P2 confirms every subscription of a tick, and leaves out what was left in it", async () => {
      const store = await open();
      const all = Array.from({ length: 300 }, () => store.log.keysOf(newUser()));
      const ear = await openEar(store);
      const confirmed = Promise.all(all.map((keys) => ear.subscriber.subscribe(keys)));
      const [left, ...stay] = all as [UserKeys, ...UserKeys[]];
      await ear.subscriber.unsubscribe(left);
      await confirmed;
      const listeners = async (keys: UserKeys): Promise<unknown> => {
        const { port } = await topology().masterOf(keys.log);
        return ((await redisCall(port, "PUBSUB", "SHARDNUMSUB", keys.channel)) as unknown[])[1];
      };
      expect(await listeners(left)).toBe(0);
      for (const keys of stay) expect(await listeners(keys)).toBe(1);
    });

    it("P2 subscribes all channels anew after its connection was killed, tells so, and hears pushes again", async () => {
      const store = await open();
      const users = Array.from({ length: 20 }, () => newUser());
      const ear = await openEar(store);
      for (const user of users) await ear.subscriber.subscribe(store.log.keysOf(user));
      const [first = ""] = users;
      await killSubscribers(store.log.keysOf(first));
      await eventually(() => expect(ear.restoredCount()).toBeGreaterThan(0));
      expect(ear.lostCount()).toBeGreaterThan(0);
      for (const user of users) await store.log.append(user, events(1));
      await eventually(() => expect(new Set(ear.heard.map(({ channel }) => channel)).size).toBe(20));
    });

    it("does not subscribe anew what was left before the loss", async () => {
      const store = await open();
      const [left, stays] = [newUser(), newUser()].map((user) => store.log.keysOf(user)) as [UserKeys, UserKeys];
      const ear = await openEar(store);
      await ear.subscriber.subscribe(left);
      await ear.subscriber.subscribe(stays);
      await ear.subscriber.unsubscribe(left);
      await killSubscribers(stays);
      await eventually(() => expect(ear.restoredCount()).toBeGreaterThan(0));
      const { port } = await topology().masterOf(left.log);
      await expect(redisCall(port, "PUBSUB", "SHARDNUMSUB", left.channel)).resolves.toEqual([left.channel, 0]);
    });

    it("P8 hands malformed messages over without their content and goes on", async () => {
      const store = await open();
      const user = newUser();
      const keys = store.log.keysOf(user);
      const ear = await openEar(store);
      await ear.subscriber.subscribe(keys);
      const { port } = await topology().masterOf(keys.channel);
      const bad = ["", "{}", "1-1 1-2 1 []", "x y 1 {}", "1-1 1-2 0 {}", "- 1-1 1 {}", `${"1".repeat(99)}-1 1-2 1 {}`];
      for (const message of bad) await redisCall(port, "SPUBLISH", keys.channel, message);
      await store.log.append(user, events(1));
      await eventually(() => expect(ear.heard).toHaveLength(1));
      expect(ear.malformed).toEqual(bad.map(() => keys.channel));
    });

    it("closes once and for all, with its store", async () => {
      const store = await open();
      const ear = await openEar(store);
      await ear.subscriber.subscribe(store.log.keysOf(newUser()));
      ear.subscriber.close();
      ear.subscriber.close();
      await ear.subscriber.unsubscribe(store.log.keysOf(newUser()));
      await store.close();
      await store.close();
      expect(ear.lostCount()).toBe(0);
    });
  });
}
