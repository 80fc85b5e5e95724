import { createHash } from "node:crypto";

import { describe, expect, it } from "@jest/globals";

import type { WebPushSubscription } from "@doorstep/protocol";

import type { Harness } from "../support/harness.ts";

const DAY_MS = 86_400_000;

/** A subscription of one browser, with its own keys. */
function browser(n: number): WebPushSubscription {
  return { endpoint: `https://push.example/${n}`, keys: { p256dh: `key-${n}`, auth: `auth-${n}` } };
}

const digestOf = ({ endpoint }: WebPushSubscription): string =>
  createHash("sha256").update(endpoint).digest("base64url");

/** Which browsers are told while their user is away. */
export function describePushSubscription({ open, raw, newUser }: Harness): void {
  /** A store, a user without subscriptions, and which endpoints there are, by number. */
  async function start() {
    const store = await open();
    const keys = store.log.keysOf(newUser());
    const subscriptions = store.pushSubscriptions;
    const known = async (): Promise<number[]> =>
      (await subscriptions.list(keys)).map(({ endpoint }) => Number(endpoint.split("/").at(-1))).sort((a, b) => a - b);
    /** Makes a subscription look as if it had been sent at another time. */
    const date = async (n: number, sinceMs: number): Promise<void> => {
      const text = (await raw().hget(keys.subscriptions, digestOf(browser(n)))) ?? "";
      await raw().hset(
        keys.subscriptions,
        digestOf(browser(n)),
        text.replace(/^\{"sinceMs":\d+/, `{"sinceMs":${sinceMs}`),
      );
    };
    return { store, keys, subscriptions, known, date };
  }

  describe("Web Push subscriptions", () => {
    it("are listed as they were sent, with their client and the time by Redis' clock", async () => {
      const { store, keys, subscriptions } = await start();
      await expect(subscriptions.list(keys)).resolves.toEqual([]);
      const before = await store.nowMs();
      await subscriptions.add(keys, browser(1), "phone");
      await subscriptions.add(keys, browser(2));
      const list = await subscriptions.list(keys);
      const sinceMs = expect.any(Number);
      expect(list).toHaveLength(2);
      expect(list).toContainEqual({ ...browser(1), clientId: "phone", sinceMs });
      expect(list).toContainEqual({ ...browser(2), sinceMs });
      for (const one of list) expect(one.sinceMs).toBeGreaterThanOrEqual(before);
      expect(Math.max(...list.map((one) => one.sinceMs))).toBeLessThanOrEqual(await store.nowMs());
    });

    it("are one per endpoint: sent again, it has the new keys and is the newest", async () => {
      const { keys, subscriptions, date } = await start();
      await subscriptions.add(keys, browser(1), "phone");
      await date(1, 5);
      await subscriptions.add(keys, { ...browser(1), keys: browser(2).keys }, "laptop");
      const [only, ...others] = await subscriptions.list(keys);
      expect(others).toEqual([]);
      expect(only).toMatchObject({ ...browser(1), keys: browser(2).keys, clientId: "laptop" });
      expect(only?.sinceMs).toBeGreaterThan(5);
    });

    it("P4 are the user's own, and removed from that user only", async () => {
      const { store, keys, subscriptions, known } = await start();
      const other = store.log.keysOf(newUser());
      await subscriptions.add(keys, browser(1));
      await subscriptions.add(keys, browser(2));
      await subscriptions.add(other, browser(1));
      await subscriptions.remove(keys, browser(1).endpoint);
      await subscriptions.remove(keys, "https://push.example/unknown");
      expect(await known()).toEqual([2]);
      await expect(subscriptions.list(other)).resolves.toMatchObject([browser(1)]);
      await subscriptions.remove(keys, browser(2).endpoint);
      await expect(raw().exists(keys.subscriptions)).resolves.toBe(0);
    });

    it("P8 are the newest 20: a new one takes the place of the oldest, one that is known takes none", async () => {
      const { keys, subscriptions, known, date } = await start();
      const twenty = Array.from({ length: 20 }, (_, i) => i + 1);
      for (const n of twenty) await subscriptions.add(keys, browser(n));
      for (const n of twenty) await date(n, n === 7 ? 1 : 1_000 + n);
      await subscriptions.add(keys, browser(12));
      expect(await known()).toEqual(twenty);
      await subscriptions.add(keys, browser(21));
      expect(await known()).toEqual([...twenty.filter((n) => n !== 7), 21]);
      await subscriptions.add(keys, browser(22));
      expect(await known()).toEqual([...twenty.filter((n) => n !== 7 && n !== 1), 21, 22]);
    });

    it("P8 leave Redis 90 days after the last one came", async () => {
      const { keys, subscriptions } = await start();
      await subscriptions.add(keys, browser(1));
      expect(await raw().pttl(keys.subscriptions)).toBeGreaterThan(89 * DAY_MS);
      expect(await raw().pttl(keys.subscriptions)).toBeLessThanOrEqual(90 * DAY_MS);
      await raw().pexpire(keys.subscriptions, DAY_MS);
      await subscriptions.add(keys, browser(1));
      expect(await raw().pttl(keys.subscriptions)).toBeGreaterThan(89 * DAY_MS);
    });
  });
}
