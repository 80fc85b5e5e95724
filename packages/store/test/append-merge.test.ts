import { describe, expect, it } from "@jest/globals";
import { array, assert, boolean, constantFrom, integer, property, record } from "fast-check";
import type { PublishResult } from "@doorstep/protocol";
import { eventually } from "@doorstep/testkit";

import type { Append } from "../src/append-call.ts";
import { mergeAppends, namesTwice, splitReply } from "../src/append-merge.ts";
import { KnownUsers } from "../src/known-users.ts";
import { openEar } from "./support/ear.ts";
import { event, events } from "./support/event.ts";
import { createHarness } from "./support/harness.ts";
import { storedLog, storedOffsets } from "./support/log-view.ts";
import { startStandalone } from "./support/topology.ts";

const users = new KnownUsers(1024);

describe("mergeAppends", () => {
  const drawn = array(
    record({
      userId: constantFrom("ada", "bob", "eve"),
      count: integer({ min: 1, max: 3 }),
      kind: constantFrom("plain", "plain", "stream", "ephemeral", "own id", "collapse", "expires"),
      isRetry: boolean(),
    }),
    { maxLength: 20 },
  );
  const toAppend = ({
    userId,
    count,
    kind,
    isRetry,
  }: {
    userId: string;
    count: number;
    kind: string;
    isRetry: boolean;
  }) => {
    const one = () => {
      if (kind === "stream" || kind === "ephemeral") return event({ delivery: kind });
      if (kind === "own id") return { ...event(), isCallerId: true };
      if (kind === "collapse") return event({ collapseKey: "k" });
      return kind === "expires" ? event({ expiresInMs: 1_000 }) : event();
    };
    return { user: users.get(userId), userId, events: Array.from({ length: count }, one), isRetry };
  };

  it("keeps every event, each user's in their order, and what is more than bodies apart", () => {
    assert(
      property(drawn, (draws) => {
        const appends: Append[] = draws.map(toAppend);
        expect(namesTwice(appends)).toBe(new Set(appends.map(({ user }) => user)).size < appends.length);
        const merged = mergeAppends(appends);
        for (const userId of ["ada", "bob", "eve"]) {
          const of = (all: readonly Append[]) =>
            all.filter((append) => append.userId === userId).flatMap((a) => a.events);
          expect(of(merged.map(({ append }) => append))).toEqual(of(appends));
        }
        for (const { append, members } of merged) {
          expect(append.events).toEqual(members.flatMap((member) => member.events));
          if (members.length === 1) continue;
          expect(members.every((member) => !member.isRetry && member.user === append.user)).toBe(true);
          for (const { isCallerId, collapseKey, expiresAtMs, delivery } of append.events) {
            expect([isCallerId, collapseKey, expiresAtMs, delivery === "ephemeral"]).toEqual([false, "", 0, false]);
          }
        }
      }),
    );
  });
});

describe("splitReply", () => {
  const member = (count: number): Append => ({
    user: users.get("ada"),
    userId: "ada",
    events: events(count),
    isRetry: false,
  });

  it("gives each append its own offsets, and none where all were refused", () => {
    expect(splitReply([member(1)], "1-0")).toEqual(["1-0"]);
    expect(splitReply([member(1)], ["!MAILBOX_FULL", "0"])).toEqual([["!MAILBOX_FULL", "0"]]);
    expect(splitReply([member(1), member(2)], ["1-0", "1-1", "1-2"])).toEqual([["1-0"], ["1-1", "1-2"]]);
    expect(splitReply([member(1), member(2)], ["!MAILBOX_FULL", "0"])).toBeUndefined();
  });
});

describe("appends of one user in one turn", () => {
  const { open, raw, newUser } = createHarness(startStandalone);

  it("P1 P2 are pushed together, in the order in which they began", async () => {
    const store = await open();
    const user = newUser();
    const keys = store.log.keysOf(user);
    await store.log.append(newUser(), events(1));
    const ear = await openEar(store);
    await ear.subscriber.subscribe(keys);
    const made = Array.from({ length: 6 }, () => event());
    const answers = made.map((one) => store.log.append(user, [one]));
    const [other] = await store.log.append(newUser(), events(1));
    const results = (await Promise.all(answers)).flat();
    expect(other?.duplicate).toBe(false);
    const stored = await storedLog(raw(), keys);
    expect(stored.map(({ offset, body }) => [offset, body])).toEqual(
      made.map((one, i) => [results[i]?.offset, one.body]),
    );
    await eventually(() => expect(ear.heard.map(({ push }) => push.count)).toEqual([6]));
  });

  it("P1 are each all or none where there is no room for all of them", async () => {
    const store = await open({ mailboxMaxEvents: 5 });
    const user = newUser();
    await store.log.append(user, events(1));
    const answers = await Promise.allSettled([2, 3, 1, 1, 1].map((count) => store.log.append(user, events(count))));
    const counts = answers.map((answer) => (answer.status === "fulfilled" ? answer.value.length : answer.reason.code));
    expect(counts).toEqual([2, "MAILBOX_FULL", 1, 1, "MAILBOX_FULL"]);
    const offsets = answers.flatMap((answer) =>
      answer.status === "fulfilled" ? answer.value.map(({ offset }: PublishResult) => offset) : [],
    );
    expect((await storedOffsets(raw(), store.log.keysOf(user))).slice(1)).toEqual(offsets);
  });
});
