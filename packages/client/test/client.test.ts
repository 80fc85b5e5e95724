import { describe, expect, it } from "@jest/globals";
import type { EventMap } from "@doorstep/protocol";
import { eventually } from "@doorstep/testkit";
import { createDoorstepClient } from "../src/index.ts";
import { event, goLive, makeReady, reaches, startScene } from "./support/scene.ts";

describe("createDoorstepClient", () => {
  it("does nothing before connect and refuses options that cannot work", () => {
    const client = createDoorstepClient({ url: "http://127.0.0.1:9", token: () => "token" });
    expect(client.state).toMatchObject({ status: "idle", attempt: 0, replayed: 0 });
    expect(() => createDoorstepClient({ url: "", token: () => "token" })).toThrow(TypeError);
  });
});

describe("events", () => {
  it("reach the handlers of their type and of every type, in order", async () => {
    const scene = await startScene();
    const seen: string[] = [];
    scene.client.on("custom", (data, { offset }) => seen.push(`${data.name} ${offset}`));
    scene.client.on("agent_started", (data) => seen.push(data.agentName));
    const { socket } = await goLive(scene);
    socket.emit("events", [event("2-0"), event("3-0", "agent_started", { data: { agentName: "reader" } })]);
    socket.emit("events", [event("4-0")]);
    await eventually(() => expect(seen).toEqual(["n 2-0", "reader", "n 4-0"]));
    expect(scene.events.map(({ offset }) => offset)).toEqual(["2-0", "3-0", "4-0"]);
  });

  it("P2 are dropped where they repeat what this client has", async () => {
    const scene = await startScene();
    const { socket } = await goLive(scene);
    socket.emit("events", [event("2-0"), event("3-0")]);
    socket.emit("events", [event("1-0"), event("3-0"), event("10-0"), event("9-0")]);
    socket.emit("events", [event("11-0")]);
    await eventually(() => expect(scene.client.state.offset).toBe("11-0"));
    expect(scene.events.map(({ offset }) => offset)).toEqual(["2-0", "3-0", "10-0", "11-0"]);
  });

  it("are marked as replayed until ready, on every connection", async () => {
    const scene = await startScene();
    scene.client.connect();
    const first = await scene.hub.guest(1);
    first.socket.emit("events", [event("1-0")]);
    first.socket.emit("ephemeral", [event(undefined, "tool_progress")]);
    await makeReady(scene, 1);
    first.socket.emit("events", [event("2-0")]);
    await eventually(() => scene.events.length === 3);
    first.socket.conn.close();
    await reaches(scene, "reconnecting");
    scene.clock.advance(500);
    const second = await scene.hub.guest(2);
    second.socket.emit("events", [event("3-0")]);
    await makeReady(scene, 2, "3-0");
    second.socket.emit("events", [event("4-0")]);
    await eventually(() => scene.events.length === 5);
    expect(scene.events.map(({ offset, replayed }) => [offset, replayed])).toEqual([
      ["1-0", true],
      [undefined, false],
      ["2-0", false],
      ["3-0", true],
      ["4-0", false],
    ]);
  });

  it("that are ephemeral move no offset and are not stored", async () => {
    const scene = await startScene();
    const { socket } = await goLive(scene, 1, "5-0");
    const progress: unknown[] = [];
    scene.client.on("tool_progress", (data) => progress.push(data.progress));
    const data = { toolCallId: "t", progress: 0.5 };
    socket.emit("ephemeral", [event(undefined, "tool_progress", { data })]);
    await eventually(() => expect(progress).toEqual([0.5]));
    expect(scene.client.state.offset).toBe("5-0");
    expect(scene.store.written).toEqual(["5-0"]);
  });

  it("go on to the other handlers when one throws or rejects", async () => {
    const scene = await startScene();
    const seen: string[] = [];
    scene.client.on("custom", () => {
      throw new Error("thrown");
    });
    scene.client.on("custom", async () => {
      throw new Error("rejected");
    });
    scene.client.on("custom", (_, { offset }) => seen.push(offset ?? ""));
    const { socket } = await goLive(scene);
    socket.emit("events", [event("2-0"), event("3-0")]);
    await eventually(() => expect(seen).toEqual(["2-0", "3-0"]));
    await eventually(() => expect(scene.errors).toHaveLength(4));
    expect(scene.errors.map(({ message }) => message).sort()).toEqual(["rejected", "rejected", "thrown", "thrown"]);
    expect(scene.store.written.at(-1)).toBe("3-0");
  });

  it("that are malformed are reported and left out", async () => {
    const scene = await startScene();
    const { socket } = await goLive(scene);
    socket.emit("events", "not a list");
    socket.emit("events", [{ id: 1 }, event("2-0")]);
    socket.emit("gap", { from: "x" });
    socket.emit("ready", null);
    socket.emit("drain", 7);
    socket.emit("news of a later hub", {});
    socket.emit("events", [event("3-0")]);
    await eventually(() => expect(scene.events.map(({ offset }) => offset)).toEqual(["2-0", "3-0"]));
    expect(scene.errors).toHaveLength(5);
    expect(scene.client.state.status).toBe("live");
    expect(scene.gaps).toEqual([]);
  });

  it("stop for a handler that was taken back", async () => {
    const scene = await startScene();
    const seen: unknown[] = [];
    const stop = scene.client.on("custom", (data) => seen.push(data));
    const { socket } = await goLive(scene);
    socket.emit("events", [event("2-0")]);
    await eventually(() => seen.length === 1);
    stop();
    socket.emit("events", [event("3-0")]);
    await eventually(() => scene.events.length === 2);
    expect(seen).toHaveLength(1);
  });

  it("of the application's own vocabulary are typed by it", async () => {
    const scene = await startScene();
    const client = createDoorstepClient<EventMap & { "order.shipped": { parcel: string } }>({
      url: scene.hub.url,
      token: () => "token",
      onError: (error) => scene.errors.push(error),
    });
    const parcels: string[] = [];
    client.on("order.shipped", ({ parcel }) => parcels.push(parcel));
    client.connect();
    const { socket } = await scene.hub.guest(1);
    socket.emit("events", [event("1-0", "order.shipped", { data: { parcel: "p-1" } })]);
    await eventually(() => expect(parcels).toEqual(["p-1"]));
    await client.close();
  });
});

describe("the offset", () => {
  it("is presented to the next connection and kept for the next life of the page", async () => {
    const scene = await startScene();
    const { auth, socket } = await goLive(scene);
    expect(auth).toEqual({ token: "token-1", ack: "auto" });
    socket.emit("events", [event("2-0"), event("3-0")]);
    await eventually(() => scene.store.get() === "3-0");
    await scene.client.close();

    const later = await startScene({ offsetStore: scene.store }, scene.hub);
    later.client.connect();
    const next = await scene.hub.guest(2);
    expect(next.auth).toMatchObject({ offset: "3-0" });
    next.socket.emit("events", [event("3-0"), event("4-0")]);
    await eventually(() => expect(later.events.map(({ offset }) => offset)).toEqual(["4-0"]));
  });

  it("is saved after the handlers of a batch ran, once per batch", async () => {
    const scene = await startScene();
    const { socket } = await goLive(scene, 1, "1-0");
    const seenByHandlers: (string | undefined)[] = [];
    scene.client.on("custom", () => seenByHandlers.push(scene.store.get()));
    socket.emit("events", [event("2-0"), event("3-0")]);
    await eventually(() => expect(scene.store.written).toEqual(["1-0", "3-0"]));
    expect(seenByHandlers).toEqual(["1-0", "1-0"]);
  });

  it("is saved as far as a batch came when a handler leaves", async () => {
    const scene = await startScene();
    const { socket } = await goLive(scene, 1, "1-0");
    scene.client.on("custom", (_, { offset }) => {
      if (offset === "3-0") scene.client.disconnect();
    });
    socket.emit("events", [event("2-0"), event("3-0"), event("4-0")]);
    await reaches(scene, "idle");
    expect(scene.store.get()).toBe("3-0");
    expect(scene.events.map(({ offset }) => offset)).toEqual(["2-0", "3-0"]);
    scene.client.connect();
    expect((await scene.hub.guest(2)).auth).toMatchObject({ offset: "3-0" });
  });

  it("comes from ready where nothing was replayed", async () => {
    const scene = await startScene();
    await goLive(scene, 1, "7-0");
    expect(scene.client.state.offset).toBe("7-0");
    expect(scene.store.get()).toBe("7-0");
  });

  it("stays in memory when the store fails", async () => {
    const scene = await startScene({
      offsetStore: {
        get: () => {
          throw new Error("privacy mode");
        },
        set: () => {
          throw new Error("quota");
        },
      },
    });
    const { socket } = await goLive(scene);
    socket.emit("events", [event("2-0")]);
    await eventually(() => scene.client.state.offset === "2-0");
    socket.conn.close();
    await reaches(scene, "reconnecting");
    scene.clock.advance(500);
    expect((await scene.hub.guest(2)).auth).toMatchObject({ offset: "2-0" });
    expect(scene.errors).toHaveLength(1);
  });
});

describe("a gap", () => {
  it("P2 is told in its place, and delivery goes on after it", async () => {
    const scene = await startScene();
    const { socket } = await goLive(scene);
    const order: string[] = [];
    scene.client.on("*", ({ offset }) => order.push(`event ${offset}`));
    scene.client.onGap(({ from, to, reason, count }) => order.push(`gap ${from} ${to} ${reason} ${count}`));
    socket.emit("events", [event("2-0")]);
    socket.emit("gap", { from: "2-0", to: "8-0", reason: "trimmed", count: 6 });
    socket.emit("events", [event("8-0"), event("9-0")]);
    await eventually(() => expect(order).toEqual(["event 2-0", "gap 2-0 8-0 trimmed 6", "event 9-0"]));
  });

  it("P5 after a failover sets the offset back, in the store too", async () => {
    const scene = await startScene();
    const { socket } = await goLive(scene);
    socket.emit("events", [event("9-0")]);
    socket.emit("gap", { from: "9-0", to: "4-0", reason: "failover" });
    await eventually(() => expect(scene.store.written).toEqual(["1-0", "9-0", "4-0"]));
    socket.emit("events", [event("5-0")]);
    await eventually(() => expect(scene.events.map(({ offset }) => offset)).toEqual(["9-0", "5-0"]));
  });
});

describe("runs", () => {
  it("are folded from events and ephemeral events, and told once per batch", async () => {
    const scene = await startScene();
    const { socket } = await goLive(scene);
    const lists: string[][] = [];
    scene.client.onRuns((runs) => lists.push(runs.map(({ status }) => status)));
    const handle = scene.client.run("run-1");
    const finished = handle.finished();
    socket.emit("events", [
      event("2-0", "agent_started", { runId: "run-1", data: { agentName: "reader" } }),
      event("3-0", "tool_executing", { runId: "run-1", data: { toolCallId: "t", toolName: "search" } }),
    ]);
    socket.emit("ephemeral", [
      event(undefined, "tool_progress", { runId: "run-1", data: { toolCallId: "t", progress: 0.5 } }),
    ]);
    await eventually(() => expect(handle.get()?.tools[0]?.progress).toBe(0.5));
    socket.emit("events", [event("4-0", "agent_completed", { runId: "run-1", data: { result: "done" } })]);
    expect(await finished).toMatchObject({ runId: "run-1", status: "completed", result: "done" });
    expect(lists).toEqual([["running"], ["running"], ["completed"]]);
    expect(scene.client.runs()).toEqual([handle.get()]);
  });

  it("that never finish reject when the client closes", async () => {
    const scene = await startScene();
    const finished = scene.client.run("run-1").finished();
    await Promise.all([expect(finished).rejects.toMatchObject({ code: "CLOSED" }), scene.client.close()]);
  });
});
