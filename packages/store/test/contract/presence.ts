import { describe, expect, it } from "@jest/globals";

import { eventually } from "@doorstep/testkit";

import type { Harness } from "../support/harness.ts";

/** Who is connected where, as far as gateways live. */
export function describePresence({ open, raw, newUser }: Harness): void {
  describe("presence", () => {
    it("tells the sockets of a user on gateways that live", async () => {
      const store = await open();
      const { presence, log } = store;
      const keys = log.keysOf(newUser());
      const before = await store.nowMs();
      await presence.renewLease("gw-a", 30_000, "somewhere");
      await presence.connected(keys, "socket-1", "gw-a");
      await presence.connected(keys, "socket-2", "gw-dead");
      const connections = await presence.connections(keys, await presence.liveGateways());
      expect(connections).toMatchObject([{ socketId: "socket-1", gatewayId: "gw-a" }]);
      expect(connections[0]?.sinceMs).toBeGreaterThanOrEqual(before);
      expect(connections[0]?.sinceMs).toBeLessThanOrEqual(await store.nowMs());
      expect(await raw().pttl(keys.connections)).toBeGreaterThan(86_400_000);
      await expect(raw().get("ds:gw:gw-a")).resolves.toBe("somewhere");
    });

    it("P4 keeps users apart", async () => {
      const { presence, log } = await open();
      await presence.renewLease("gw-apart", 30_000, "");
      await presence.connected(log.keysOf(newUser()), "socket-1", "gw-apart");
      const other = presence.connections(log.keysOf(newUser()), await presence.liveGateways());
      await expect(other).resolves.toEqual([]);
    });

    it("P5 counts a socket as nothing once its gateway's lease has run out", async () => {
      const { presence, log } = await open();
      const keys = log.keysOf(newUser());
      await presence.renewLease("gw-short", 300, "");
      await presence.connected(keys, "socket-1", "gw-short");
      await eventually(async () => {
        expect(await presence.connections(keys, await presence.liveGateways())).toEqual([]);
      });
      await expect(raw().hlen(keys.connections)).resolves.toBe(1);
      await presence.renewLease("gw-short", 30_000, "");
      await expect(presence.connections(keys, await presence.liveGateways())).resolves.toHaveLength(1);
    });

    it("gives a lease back and takes a note back", async () => {
      const { presence, log } = await open();
      const keys = log.keysOf(newUser());
      await presence.renewLease("gw-b", 30_000, "");
      await presence.connected(keys, "socket-1", "gw-b");
      await presence.connected(keys, "socket-2", "gw-b");
      await presence.disconnected(keys, "socket-1");
      const live = await presence.liveGateways();
      await expect(presence.connections(keys, live)).resolves.toMatchObject([{ socketId: "socket-2" }]);
      await presence.endLease("gw-b");
      expect((await presence.liveGateways()).has("gw-b")).toBe(false);
      await expect(raw().exists("ds:gw:gw-b")).resolves.toBe(0);
    });
  });
}
