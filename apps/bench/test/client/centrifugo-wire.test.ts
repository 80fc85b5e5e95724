import { describe, expect, it } from "@jest/globals";
import { createBody } from "../../src/body.ts";
import { CentrifugoWire } from "../../src/client/centrifugo-wire.ts";
import type { WireHost, WireMemory } from "../../src/client/wire.ts";

/** Speaks the documented texts; no Centrifugo takes part. */
function createConversation(memory: WireMemory) {
  const sent: unknown[] = [];
  const heard: string[] = [];
  const host: WireHost = {
    userId: "user-1",
    memory,
    send: (data) => void sent.push(JSON.parse(String(data))),
    ready: () => void heard.push("ready"),
    events: () => 0,
    repeated: () => undefined,
    gap: () => void heard.push("gap"),
    refused: () => void heard.push("refused"),
  };
  const wire = new CentrifugoWire(host);
  const hear = (...replies: unknown[]): void => {
    wire.message(Buffer.from(replies.map((reply) => JSON.stringify(reply)).join("\n")));
  };
  return { wire, hear, sent, heard };
}

function push(offset: number): object {
  return { push: { channel: "user:user-1", pub: { data: createBody(offset, 0), offset } } };
}

describe("the wire of Centrifugo", () => {
  it("subscribes, answers pings, and recovers from the last offset it heard", () => {
    const memory: WireMemory = {};
    const first = createConversation(memory);
    first.wire.opened();
    first.hear({ id: 1, connect: { client: "a", ping: 25, pong: true } });
    first.hear({ id: 2, subscribe: { epoch: "e1", offset: 4, recoverable: true, positioned: true } }, push(5));
    first.hear(push(6), {}, push(7));
    expect(first.heard).toEqual(["ready"]);
    expect(first.sent).toEqual([{ id: 1, connect: {} }, { id: 2, subscribe: { channel: "user:user-1" } }, {}]);

    const second = createConversation(memory);
    second.hear({ id: 1, connect: {} });
    const since = { recover: true, epoch: "e1", offset: 7 };
    expect(second.sent).toEqual([{ id: 2, subscribe: { channel: "user:user-1", ...since } }]);
    const missed = [8, 9].map((offset) => ({ data: createBody(offset, 0), offset }));
    const recovered = { epoch: "e1", offset: 7, was_recovering: true, recovered: true, publications: missed };
    second.hear({ id: 2, subscribe: recovered });
    expect(memory).toMatchObject({ session: "e1", offset: "9" });
    expect(second.heard).toEqual(["ready"]);
  });

  it("tells of a gap where the history does not reach back far enough", () => {
    const { hear, heard } = createConversation({ session: "e1", offset: "7" });
    hear({ id: 2, subscribe: { epoch: "e2", offset: 3, was_recovering: true, recovered: false } });
    expect(heard).toEqual(["gap", "ready"]);
  });

  it("says so when it is refused", () => {
    const { hear, heard } = createConversation({});
    hear({ id: 1, error: { code: 101, message: "unauthorized" } });
    expect(heard).toEqual(["refused"]);
  });
});
