import { describe, expect, it } from "@jest/globals";
import { DoorstepError, type ErrorCode } from "@doorstep/protocol";
import { eventually } from "@doorstep/testkit";
import { event, goLive, makeReady, reaches, startScene } from "./support/scene.ts";

function closing(code: ErrorCode, afterMs?: number): object {
  return new DoorstepError(code).toAnswer(afterMs);
}

describe("a lost connection", () => {
  it("P5 is made anew after a jittered wait, from the last offset, with a fresh token", async () => {
    const scene = await startScene();
    const { socket } = await goLive(scene);
    socket.emit("events", [event("2-0")]);
    await eventually(() => scene.events.length === 1);
    socket.conn.close();
    await reaches(scene, "reconnecting");
    expect(scene.client.state).toMatchObject({ offset: "2-0", lastError: { code: "CONNECTION_LOST" } });
    expect(scene.client.state.gateway).toBeUndefined();
    expect(scene.clock.waits).toEqual([250]);
    scene.clock.advance(250);
    const { auth } = await makeReady(scene, 2, "2-0");
    expect(auth).toMatchObject({ token: "token-2", offset: "2-0" });
    expect(scene.statuses.slice(3)).toEqual(["reconnecting", "catching_up", "live"]);
    expect(scene.client.state.lastError).toBeUndefined();
  });

  it("waits longer with every failure and forgets them once a connection stood", async () => {
    const scene = await startScene();
    scene.clock.chance = 0.999;
    scene.hub.refusal = () => closing("OVERLOADED");
    scene.client.connect();
    const waits: number[] = [];
    for (let n = 1; n <= 8; n++) {
      await eventually(() => scene.hub.handshakes.length === n && scene.client.state.status === "reconnecting");
      await eventually(() => scene.clock.waits[0] !== 20_000);
      waits.push(...scene.clock.waits);
      scene.clock.advance(waits.at(-1) ?? 0);
    }
    expect(waits).toEqual([499, 999, 1_998, 3_996, 7_992, 15_984, 29_970, 29_970]);
    scene.hub.refusal = () => undefined;
    await eventually(() => scene.clock.waits[0] !== 20_000);
    scene.clock.advance(30_000);
    const first = await makeReady(scene, 1);
    first.socket.conn.close();
    await reaches(scene, "reconnecting");
    expect(scene.clock.waits).toEqual([29_970]);
    scene.clock.advance(30_000);
    const second = await makeReady(scene, 2);
    scene.clock.advance(10_000);
    second.socket.conn.close();
    await reaches(scene, "reconnecting");
    expect(scene.clock.waits).toEqual([499]);
  });

  it("is no end when nobody listens at the address", async () => {
    const scene = await startScene({ url: "http://127.0.0.1:9" });
    scene.client.connect();
    await reaches(scene, "reconnecting");
    expect(scene.client.state).toMatchObject({ attempt: 1, lastError: { code: "CONNECTION_LOST" } });
    expect(scene.clock.waits).toEqual([250]);
  });

  it("is no end when the hub refuses without a reason", async () => {
    const scene = await startScene();
    scene.hub.refusal = () => new Error("no data");
    scene.client.connect();
    await reaches(scene, "reconnecting");
    expect(scene.client.state.lastError).toEqual({ code: "CONNECTION_LOST", message: "no data" });
  });
});

describe("closing", () => {
  it.each<[ErrorCode, number | undefined, number]>([
    ["DRAINING", undefined, 0],
    ["DRAINING", 700, 700],
    ["STUCK", undefined, 250],
    ["STUCK", 700, 950],
    ["TOKEN_EXPIRED", undefined, 0],
  ])("by %s with afterMs %j is followed by a new try after %i ms", async (code, afterMs, waitMs) => {
    const scene = await startScene();
    const { socket } = await goLive(scene);
    socket.emit("closing", closing(code, afterMs));
    await reaches(scene, "reconnecting");
    await eventually(() => socket.disconnected);
    expect(scene.client.state.lastError?.code).toBe(code);
    expect(scene.clock.waits).toEqual([waitMs]);
    scene.clock.advance(waitMs);
    expect((await scene.hub.guest(2)).auth).toMatchObject({ token: "token-2", offset: "1-0" });
  });

  it.each<[ErrorCode, string]>([
    ["DISCONNECTED", "closed"],
    ["BAD_MESSAGES", "closed"],
    ["HANDSHAKE_INVALID", "closed"],
    ["TOKEN_INVALID", "unauthorized"],
  ])("by %s ends in %s without another try, until connect", async (code, status) => {
    const scene = await startScene();
    const { socket } = await goLive(scene);
    socket.emit("closing", closing(code));
    await eventually(() => scene.client.state.status === status);
    expect(scene.client.state.lastError?.code).toBe(code);
    expect(scene.clock.waits).toEqual([]);
    scene.lifecycle.tell("online");
    scene.lifecycle.tell("active");
    expect(scene.client.state.status).toBe(status);
    scene.client.connect();
    await makeReady(scene, 2);
  });

  it("is honoured in a refused handshake: policy and afterMs", async () => {
    const scene = await startScene();
    scene.hub.refusal = () => closing("OVERLOADED", 4_000);
    scene.client.connect();
    await reaches(scene, "reconnecting");
    expect(scene.clock.waits).toEqual([4_250]);
    scene.hub.refusal = () => closing("TOKEN_INVALID");
    scene.clock.advance(4_250);
    await reaches(scene, "unauthorized");
    expect(scene.clock.waits).toEqual([]);
  });
});

describe("drain", () => {
  it("P5 moves to another gateway after afterMs and loses nothing", async () => {
    const scene = await startScene();
    const { socket } = await goLive(scene);
    socket.emit("drain", { afterMs: 800 });
    await eventually(() => expect(scene.clock.waits).toEqual([800]));
    socket.emit("events", [event("2-0")]);
    await eventually(() => scene.events.length === 1);
    scene.lifecycle.tell("active");
    scene.client.connect();
    expect(scene.client.state.status).toBe("live");
    scene.clock.advance(800);
    const { auth } = await makeReady(scene, 2, "2-0");
    expect(auth).toMatchObject({ offset: "2-0" });
    await eventually(() => socket.disconnected);
    expect(scene.statuses.slice(3)).toEqual(["reconnecting", "catching_up", "live"]);
    expect(scene.client.state.gateway).toBe("gateway-2");
  });

  it("backs off when gateway after gateway sends the client on", async () => {
    const scene = await startScene();
    const { socket } = await goLive(scene);
    socket.emit("drain", { afterMs: 0 });
    await eventually(() => expect(scene.clock.waits).toEqual([0]));
    scene.clock.advance(0);
    const next = await makeReady(scene, 2);
    next.socket.emit("drain", { afterMs: 0 });
    await eventually(() => expect(scene.clock.waits).toEqual([500]));
  });
});
