import { describe, expect, it } from "@jest/globals";
import { DoorstepError, type ErrorCode } from "@doorstep/protocol";
import { eventually } from "@doorstep/testkit";
import { enableWebPush, readWebPush, type WebPushRegistration } from "../src/web-push.ts";
import { goLive, makeReady, reaches, type Scene, startScene } from "./support/scene.ts";

const KEYS = { p256dh: `BA${"x".repeat(85)}`, auth: "x".repeat(22) };
const VAPID_KEY = "key-1";

/** A browser's PushManager: one subscription at a time, bound to the key it was made with. */
class FakeBrowser implements WebPushRegistration {
  readonly asked: unknown[] = [];
  refusal: Error | undefined;
  current: { readonly key: string; readonly endpoint: string } | null = null;
  #count = 0;

  readonly pushManager = {
    subscribe: async (options: { userVisibleOnly: boolean; applicationServerKey: string }) => {
      this.asked.push(options);
      if (this.refusal !== undefined) throw this.refusal;
      if (this.current !== null && this.current.key !== options.applicationServerKey) {
        throw Object.assign(new Error("another key"), { name: "InvalidStateError" });
      }
      this.current ??= { key: options.applicationServerKey, endpoint: `https://push.example/${++this.#count}` };
      return this.#subscription(this.current.endpoint);
    },
    getSubscription: async () => (this.current === null ? null : this.#subscription(this.current.endpoint)),
  };

  #subscription(endpoint: string) {
    return {
      endpoint,
      toJSON: () => ({ endpoint, expirationTime: null, keys: { ...KEYS } }),
      unsubscribe: async () => {
        this.current = null;
        return true;
      },
    };
  }
}

const sent = (n: number): unknown => ({ subscription: { endpoint: `https://push.example/${n}`, keys: KEYS } });
const removed = (n: number): unknown => ({ endpoint: `https://push.example/${n}`, remove: true });
const refusal = (code: ErrorCode): object => ({ ok: false, ...new DoorstepError(code).toAnswer() });

/** A client and a browser. */
async function start(): Promise<Scene & { browser: FakeBrowser; enable: () => ReturnType<typeof enableWebPush> }> {
  const scene = await startScene();
  const browser = new FakeBrowser();
  const enable = () => enableWebPush(scene.client, { vapidPublicKey: VAPID_KEY, registration: browser });
  return { ...scene, browser, enable };
}

/** Loses the connection and comes back as the n-th guest. */
async function comeBack(scene: Scene, n: number) {
  scene.hub.guests.at(-1)?.socket.conn.close();
  await reaches(scene, "reconnecting");
  scene.clock.advance(30_000);
  return makeReady(scene, n);
}

describe("enableWebPush", () => {
  it("subscribes with the hub's key to messages that the user sees, and sends the subscription once", async () => {
    const scene = await start();
    const guest = await goLive(scene);
    await scene.enable();
    expect(scene.browser.asked).toEqual([{ userVisibleOnly: true, applicationServerKey: VAPID_KEY }]);
    expect(guest.pushes).toEqual([sent(1)]);
    const next = await comeBack(scene, 2);
    next.socket.emit("events", []);
    expect(await scene.client.changeWebPush({ endpoint: "e", remove: true })).toBe(true);
    expect(next.pushes).toEqual([{ endpoint: "e", remove: true }]);
    expect(scene.errors).toEqual([]);
  });

  it("sends it as soon as the client is live, where it is not yet", async () => {
    const scene = await start();
    await scene.enable();
    scene.client.connect();
    const guest = await scene.hub.guest(1);
    expect(guest.pushes).toEqual([]);
    await makeReady(scene, 1);
    await eventually(() => expect(guest.pushes).toEqual([sent(1)]));
  });

  it("sends it again at the next live where the connection broke before the answer", async () => {
    const scene = await start();
    scene.hub.pushAnswer = undefined;
    const guest = await goLive(scene);
    const enabling = scene.enable();
    await eventually(() => expect(guest.pushes).toHaveLength(1));
    scene.hub.pushAnswer = { ok: true };
    const next = await comeBack(scene, 2);
    await enabling;
    await eventually(() => expect(next.pushes).toEqual([sent(1)]));
    const last = await comeBack(scene, 3);
    expect(await scene.client.changeWebPush({ endpoint: "e", remove: true })).toBe(true);
    expect(last.pushes).toHaveLength(1);
  });

  it.each<ErrorCode>(["STORE_FULL", "UNAVAILABLE", "RATE_LIMITED"])(
    "sends it again at the next live, and not before, where the hub answers %s",
    async (code) => {
      const scene = await start();
      scene.hub.pushAnswer = refusal(code);
      const guest = await goLive(scene);
      await scene.enable();
      guest.socket.emit("events", [{ offset: "2-0", id: "a", type: "t", time: "t", data: null }]);
      await eventually(() => expect(scene.events).toHaveLength(1));
      expect(guest.pushes).toEqual([sent(1)]);
      scene.hub.pushAnswer = { ok: true };
      const next = await comeBack(scene, 2);
      await eventually(() => expect(next.pushes).toEqual([sent(1)]));
    },
  );

  it("throws what the hub refuses for good, also an older hub that does not know the message", async () => {
    const scene = await start();
    const guest = await goLive(scene);
    for (const code of ["INVALID_REQUEST", "UNKNOWN_MESSAGE"] as const) {
      scene.hub.pushAnswer = refusal(code);
      await expect(scene.enable()).rejects.toMatchObject({ code });
    }
    expect(guest.pushes).toHaveLength(2);
    const next = await comeBack(scene, 2);
    expect(await scene.client.changeWebPush({ endpoint: "e", remove: true }).catch(() => "refused")).toBe("refused");
    expect(next.pushes).toHaveLength(1);
    expect(scene.errors).toEqual([]);
  });

  it("reports a refusal that comes later to the client, once", async () => {
    const scene = await start();
    await scene.enable();
    scene.hub.pushAnswer = refusal("INVALID_REQUEST");
    await goLive(scene);
    await eventually(() => expect(scene.errors).toMatchObject([{ code: "INVALID_REQUEST" }]));
    await comeBack(scene, 2);
    expect(await scene.client.changeWebPush({ endpoint: "e", remove: true }).catch(() => "refused")).toBe("refused");
    expect(scene.errors).toHaveLength(1);
  });

  it("throws what the browser throws, and sends nothing", async () => {
    const scene = await start();
    const guest = await goLive(scene);
    for (const name of ["NotAllowedError", "InvalidStateError"]) {
      scene.browser.refusal = Object.assign(new Error("no"), { name });
      await expect(scene.enable()).rejects.toMatchObject({ name });
    }
    expect(guest.pushes).toEqual([]);
  });

  it("replaces a subscription that was made with another key", async () => {
    const scene = await start();
    const guest = await goLive(scene);
    scene.browser.current = { key: "key-0", endpoint: "https://push.example/old" };
    await scene.enable();
    expect(scene.browser.current).toEqual({ key: VAPID_KEY, endpoint: "https://push.example/1" });
    expect(guest.pushes).toEqual([sent(1)]);
  });
});

describe("disable", () => {
  it("ends the subscription in the browser and at the hub", async () => {
    const scene = await start();
    const guest = await goLive(scene);
    const webPush = await scene.enable();
    await webPush.disable();
    expect(scene.browser.current).toBeNull();
    expect(guest.pushes).toEqual([sent(1), removed(1)]);
  });

  it("ends it in the browser, and sends nothing any more, where the client is not live", async () => {
    const scene = await start();
    const webPush = await scene.enable();
    await webPush.disable();
    expect(scene.browser.current).toBeNull();
    const guest = await goLive(scene);
    expect(await scene.client.changeWebPush({ endpoint: "e", remove: true })).toBe(true);
    expect(guest.pushes).toEqual([{ endpoint: "e", remove: true }]);
  });

  it("works after the client was closed", async () => {
    const scene = await start();
    await goLive(scene);
    const webPush = await scene.enable();
    await scene.client.close();
    await webPush.disable();
    expect(scene.browser.current).toBeNull();
  });
});

describe("readWebPush", () => {
  const read = (text: string) => readWebPush({ data: { text: () => text } });

  it("reads what a courier sends", () => {
    const notice = { type: "approval_requested", count: 3, runId: "r1", threadId: "t1" };
    expect(read(JSON.stringify({ ...notice, later: 1 }))).toEqual(notice);
    expect(read('{"type":"events.undelivered","count":1}')).toEqual({ type: "events.undelivered", count: 1 });
    expect(read('{"type":"a","count":1,"runId":7,"threadId":null}')).toEqual({ type: "a", count: 1 });
  });

  it.each(["", "hello", "null", "[]", "7", "{}", '{"type":"a"}', '{"count":1}', '{"type":7,"count":1}', '{"type":"a"'])(
    "takes %j for nothing of ours",
    (text) => expect(read(text)).toBeUndefined(),
  );

  it("takes a message without data for nothing of ours", () => {
    expect(readWebPush({ data: null })).toBeUndefined();
  });
});
