import { describe, expect, it } from "@jest/globals";
import { DoorstepError, type ErrorCode } from "@doorstep/protocol";
import { eventually } from "@doorstep/testkit";
import { goLive, makeReady, reaches, startScene } from "./support/scene.ts";

function closing(code: ErrorCode, afterMs?: number): object {
  return new DoorstepError(code).toAnswer(afterMs);
}

describe("connect", () => {
  it("goes through connecting and catching up to live, and tells the gateway", async () => {
    const scene = await startScene({ clientId: "tab-7" });
    const { auth } = await goLive(scene, 1, "3-0");
    expect(auth).toEqual({ token: "token-1", ack: "auto", clientId: "tab-7" });
    expect(scene.statuses).toEqual(["connecting", "catching_up", "live"]);
    expect(scene.client.state).toEqual({
      status: "live",
      since: scene.clock.now(),
      attempt: 0,
      offset: "3-0",
      gateway: "gateway-1",
      replayed: 0,
    });
    expect(scene.clock.waits).toEqual([]);
  });

  it("makes one connection however often it is called", async () => {
    const scene = await startScene();
    scene.client.connect();
    scene.client.connect();
    await makeReady(scene, 1);
    scene.client.connect();
    scene.client.connect();
    scene.client.disconnect();
    await goLive(scene, 2);
    expect(scene.hub.handshakes).toHaveLength(2);
    expect(scene.tokens.count).toBe(2);
    expect(scene.lifecycle.subscriberCount).toBe(1);
  });

  it("presents the client id that the hub gave it", async () => {
    const scene = await startScene();
    await goLive(scene);
    scene.client.disconnect();
    expect((await goLive(scene, 2)).auth).toMatchObject({ clientId: "device-1", token: "token-2" });
  });

  it("counts a try that gets no answer as lost, token function included", async () => {
    const scene = await startScene({ token: () => new Promise<string>(() => undefined), connectTimeoutMs: 3_000 });
    scene.client.connect();
    expect(scene.clock.waits).toEqual([3_000]);
    scene.clock.advance(3_000);
    expect(scene.client.state).toMatchObject({
      status: "reconnecting",
      lastError: { code: "CONNECTION_LOST", message: "no answer in 3000 ms" },
    });
    scene.clock.advance(250);
    expect(scene.client.state.attempt).toBe(2);
  });

  it("passes further options to socket.io-client but keeps transport, auth and reconnection", async () => {
    const scene = await startScene({
      io: { query: { from: "test" }, transports: ["polling"], auth: { token: "other" }, reconnection: true },
    });
    const { socket, auth } = await goLive(scene);
    expect(socket.handshake.query["from"]).toBe("test");
    expect(socket.conn.transport.name).toBe("websocket");
    expect(auth).toMatchObject({ token: "token-1" });
  });
});

describe("disconnect and close", () => {
  it("end the socket and every wait", async () => {
    const scene = await startScene();
    const { socket } = await goLive(scene);
    scene.client.disconnect();
    await eventually(() => socket.disconnected);
    expect(scene.client.state.status).toBe("idle");
    expect(scene.clock.waits).toEqual([]);
    expect(scene.lifecycle.subscriberCount).toBe(0);
    await scene.client.close();
    await scene.client.close();
    expect(scene.client.state.status).toBe("closed");
    expect(() => scene.client.connect()).toThrow(expect.objectContaining({ code: "CLOSED" }));
    scene.client.disconnect();
    expect(scene.client.state.status).toBe("closed");
  });

  it("make nothing of a token that comes too late", async () => {
    const answers: ((token: string) => void)[] = [];
    const scene = await startScene({ token: () => new Promise<string>((resolve) => answers.push(resolve)) });
    scene.client.connect();
    scene.client.disconnect();
    answers[0]?.("late");
    scene.client.connect();
    answers[1]?.("in time");
    expect((await scene.hub.guest(1)).auth).toMatchObject({ token: "in time" });
    expect(scene.hub.handshakes).toHaveLength(1);
  });

  it("wait for an offset that is still being saved", async () => {
    let finish: () => void = () => undefined;
    const scene = await startScene({
      offsetStore: { get: () => undefined, set: () => new Promise<void>((resolve) => (finish = resolve)) },
    });
    await goLive(scene);
    let isClosed = false;
    const closed = scene.client.close().then(() => (isClosed = true));
    await Promise.resolve();
    expect(isClosed).toBe(false);
    finish();
    await closed;
  });
});

describe("the token", () => {
  it("is fetched anew at once when it has expired, then with back-off as unauthorized", async () => {
    const scene = await startScene();
    scene.hub.refusal = ({ token }) => (token === "token-4" ? undefined : closing("TOKEN_EXPIRED"));
    scene.client.connect();
    await eventually(() => scene.clock.waits[0] === 0);
    expect(scene.client.state.status).toBe("reconnecting");
    scene.clock.advance(0);
    await reaches(scene, "unauthorized");
    expect(scene.clock.waits).toEqual([500]);
    scene.clock.advance(500);
    await eventually(() => scene.clock.waits[0] === 1_000);
    scene.clock.advance(1_000);
    await makeReady(scene, 1);
    expect(scene.tokens.count).toBe(4);
  });

  it.each([
    ["throws", () => Promise.reject(new Error("no session"))],
    [
      "throws at once",
      () => {
        throw new Error("no session");
      },
    ],
    ["answers nothing", () => ""],
    ["answers no text", () => undefined as unknown as string],
  ])("function that %s means unauthorized, and is asked again", async (_, token) => {
    let isBroken = true;
    const scene = await startScene({ token: () => (isBroken ? token() : "good") });
    scene.client.connect();
    await reaches(scene, "unauthorized");
    expect(scene.client.state.lastError?.code).toBe("TOKEN_FAILED");
    isBroken = false;
    scene.clock.advance(250);
    await makeReady(scene, 1);
  });

  it("is refreshed in place when it is about to expire", async () => {
    const scene = await startScene();
    const { socket, refreshed } = await goLive(scene);
    socket.emit("expiring", { at: "2026-01-01T00:00:00Z" });
    await eventually(() => expect(refreshed).toEqual(["token-2"]));
    expect(scene.client.state.status).toBe("live");
    expect(scene.hub.guests).toHaveLength(1);
    expect(scene.errors).toEqual([]);
  });

  it("that cannot be refreshed is reported; the connection stays until the hub ends it", async () => {
    const scene = await startScene();
    const { socket } = await goLive(scene);
    scene.hub.refreshAnswer = { ok: false, code: "TOKEN_INVALID" };
    socket.emit("expiring", { at: "2026-01-01T00:00:00Z" });
    await eventually(() =>
      expect(scene.errors.map(({ message }) => message)).toEqual(["the hub refused the fresh token"]),
    );
    expect(scene.client.state.status).toBe("live");
  });
});

describe("the surroundings", () => {
  it.each(["online", "active"] as const)("end a wait when they tell %s", async (signal) => {
    const scene = await startScene();
    const { socket } = await goLive(scene);
    socket.conn.close();
    await reaches(scene, "reconnecting");
    scene.lifecycle.tell(signal);
    await makeReady(scene, 2);
  });

  it("name a lost connection offline, and tries go on in case that is wrong", async () => {
    const scene = await startScene();
    const { socket } = await goLive(scene);
    scene.lifecycle.tell("offline");
    expect(scene.client.state.status).toBe("live");
    socket.conn.close();
    await reaches(scene, "offline");
    expect(scene.clock.waits).toEqual([250]);
    scene.clock.advance(250);
    await makeReady(scene, 2);
    expect(scene.statuses.slice(3)).toEqual(["reconnecting", "offline", "catching_up", "live"]);
  });

  it("explain a token function that fails without a network", async () => {
    let isBroken = false;
    const scene = await startScene({
      token: () => {
        if (isBroken) throw new Error("failed to fetch");
        return "token";
      },
    });
    const { socket } = await goLive(scene);
    socket.conn.close();
    await reaches(scene, "reconnecting");
    scene.lifecycle.tell("offline");
    expect(scene.client.state.status).toBe("offline");
    isBroken = true;
    scene.clock.advance(250);
    await eventually(() => scene.client.state.lastError?.code === "TOKEN_FAILED");
    expect(scene.client.state.status).toBe("offline");
    isBroken = false;
    scene.lifecycle.tell("online");
    expect(scene.client.state.status).toBe("reconnecting");
    await makeReady(scene, 2);
  });

  it("do not start what was not asked for", async () => {
    const scene = await startScene();
    scene.lifecycle.tell("online");
    scene.lifecycle.tell("active");
    expect(scene.client.state.status).toBe("idle");
    expect(scene.hub.handshakes).toEqual([]);
  });
});
