import { describe, expect, it } from "@jest/globals";
import { eventually } from "@doorstep/testkit";
import { event, goLive, makeReady, reaches, startScene } from "./support/scene.ts";

describe("manual acks", () => {
  it("P3 are the only thing presented and stored, so that what was not processed comes again", async () => {
    const scene = await startScene({ ack: "manual" });
    const { auth, socket } = await goLive(scene, 1, "1-0");
    expect(auth).toEqual({ token: "token-1", ack: "manual" });
    socket.emit("events", [event("2-0"), event("3-0"), event("4-0")]);
    await eventually(() => scene.events.length === 3);
    expect(scene.store.written).toEqual([]);
    scene.client.ack("3-0");
    expect(scene.store.written).toEqual(["3-0"]);
    socket.conn.close();
    await reaches(scene, "reconnecting");
    scene.clock.advance(500);
    const next = await scene.hub.guest(2);
    expect(next.auth).toMatchObject({ offset: "3-0", ack: "manual" });
    next.socket.emit("events", [event("4-0"), event("5-0")]);
    await eventually(() => expect(scene.events.map(({ offset }) => offset)).toEqual(["2-0", "3-0", "4-0", "5-0"]));
    await scene.client.close();

    const later = await startScene({ ack: "manual", offsetStore: scene.store }, scene.hub);
    later.client.connect();
    const third = await scene.hub.guest(3);
    expect(third.auth).toMatchObject({ offset: "3-0" });
    third.socket.emit("events", [event("4-0")]);
    await eventually(() => expect(later.events.map(({ offset }) => offset)).toEqual(["4-0"]));
  });

  it("go out at most once a second, the latest of it, never beyond what was delivered", async () => {
    const scene = await startScene({ ack: "manual" });
    const { acks, socket } = await goLive(scene);
    scene.client.on("custom", () => scene.client.ack());
    socket.emit("events", [event("2-0"), event("3-0")]);
    await eventually(() => scene.events.length === 2);
    scene.client.ack("99-0");
    scene.client.ack("2-0");
    scene.clock.advance(1_000);
    await eventually(() => expect(acks).toEqual([{ offset: "3-0" }]));
    scene.clock.advance(10_000);
    socket.emit("events", [event("4-0")]);
    await eventually(() => scene.events.length === 3);
    expect(acks).toHaveLength(1);
    scene.clock.advance(1_000);
    await eventually(() => expect(acks).toEqual([{ offset: "3-0" }, { offset: "4-0" }]));
  });

  it("go out at once when the page is hidden, on disconnect and on close", async () => {
    const scene = await startScene({ ack: "manual" });
    const { acks, socket } = await goLive(scene);
    socket.emit("events", [event("2-0"), event("3-0"), event("4-0")]);
    await eventually(() => scene.events.length === 3);
    scene.client.ack("2-0");
    scene.lifecycle.tell("background");
    await eventually(() => expect(acks).toEqual([{ offset: "2-0" }]));
    scene.client.ack("3-0");
    scene.client.disconnect();
    await eventually(() => expect(acks).toEqual([{ offset: "2-0" }, { offset: "3-0" }]));
    const next = await goLive(scene, 2, "4-0");
    scene.client.ack();
    await scene.client.close();
    await eventually(() => expect(next.acks).toEqual([{ offset: "4-0" }]));
  });

  it("made between two connections go out when the next one is live", async () => {
    const scene = await startScene({ ack: "manual" });
    const { socket } = await goLive(scene);
    socket.emit("events", [event("2-0")]);
    await eventually(() => scene.events.length === 1);
    socket.conn.close();
    await reaches(scene, "reconnecting");
    scene.client.ack();
    scene.clock.advance(5_000);
    const { acks } = await makeReady(scene, 2, "2-0");
    await eventually(() => expect(acks).toEqual([{ offset: "2-0" }]));
  });

  it("go back with a failover", async () => {
    const scene = await startScene({ ack: "manual" });
    const { socket } = await goLive(scene);
    socket.emit("events", [event("9-0")]);
    await eventually(() => scene.events.length === 1);
    scene.client.ack();
    socket.emit("gap", { from: "9-0", to: "4-0", reason: "failover" });
    await eventually(() => expect(scene.store.written).toEqual(["9-0", "4-0"]));
    socket.emit("events", [event("5-0")]);
    await eventually(() => scene.events.length === 2);
    scene.client.ack();
    expect(scene.store.get()).toBe("5-0");
  });

  it("are refused in automatic mode and for what is no offset; before the first event there is nothing to acknowledge", async () => {
    const automatic = await startScene();
    expect(() => automatic.client.ack()).toThrow(TypeError);
    const manual = await startScene({ ack: "manual" });
    expect(() => manual.client.ack("latest")).toThrow(expect.objectContaining({ code: "INVALID_OFFSET" }));
    manual.client.ack();
    expect(manual.store.written).toEqual([]);
  });
});
