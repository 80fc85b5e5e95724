import { describe, expect, it } from "@jest/globals";

import { KnownUsers } from "../src/known-users.ts";
import { DEFAULT_PARTITIONS, keysOfUid, uidOf } from "../src/user-key.ts";

describe("KnownUsers", () => {
  it("P4 answers each user's own names, also for users it has forgotten", () => {
    const users = new KnownUsers(DEFAULT_PARTITIONS, 3);
    const ids = Array.from({ length: 20 }, (_, i) => `user ${i} €`);
    for (const id of [...ids, ...ids.toReversed(), ...ids]) {
      const { keys, keysText, argsText } = users.get(id);
      expect(keys).toEqual(keysOfUid(uidOf(id), DEFAULT_PARTITIONS));
      for (const name of [keys.user, keys.log, keys.due]) expect(keysText).toContain(`\r\n${name}\r\n`);
      expect(argsText).toBe(`$${keys.channel.length}\r\n${keys.channel}\r\n$${Buffer.byteLength(id)}\r\n${id}\r\n`);
    }
  });

  it("P8 remembers no more than two generations, and of those who is asked for again and again", () => {
    const users = new KnownUsers(DEFAULT_PARTITIONS, 3);
    const ada = users.get("ada");
    for (let i = 0; i < 50; i++) {
      users.get(`user-${i}`);
      expect(users.get("ada")).toBe(ada);
      expect(users.size).toBeLessThanOrEqual(6);
    }
  });

  it("refuses what is no user id, every time", () => {
    const users = new KnownUsers(DEFAULT_PARTITIONS);
    for (const id of ["", "", "\ud800"])
      expect(() => users.get(id)).toThrow("the user id is empty, too long or not valid Unicode");
    expect(users.size).toBe(0);
  });
});
