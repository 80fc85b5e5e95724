/**
 * Web Push: the browser is told by its push service while no page of the user is open.
 *
 * The page subscribes through its service worker and sends the subscription to the hub, once it is live; what could not
 * be sent is sent again at the next `live`. A page does so at each load: the hub forgets what nobody repeats. In the
 * service worker `readWebPush` reads what the hub's couriers send. Typed by what is used of the browser, so that Node
 * without a DOM compiles it too; nothing here runs by itself.
 */
import type { WebPushChange } from "@doorstep/protocol";
import type { ConnectionState } from "./connection-state.ts";
import type { Unsubscribe } from "./emitter.ts";

/** The part of a PushSubscription that is used here. */
interface BrowserSubscription {
  readonly endpoint: string;
  toJSON(): { readonly keys?: Record<string, string> };
  unsubscribe(): Promise<boolean>;
}

/** The part of a ServiceWorkerRegistration that is used here. */
export interface WebPushRegistration {
  readonly pushManager: {
    subscribe(options: { userVisibleOnly: boolean; applicationServerKey: string }): Promise<BrowserSubscription>;
    getSubscription(): Promise<BrowserSubscription | null>;
  };
}

export interface WebPushOptions {
  /** Public VAPID key of the hub's couriers, in base64url. */
  readonly vapidPublicKey: string;
  /** The page's service worker, e.g. `await navigator.serviceWorker.ready`. */
  readonly registration: WebPushRegistration;
}

/** The part of a DoorstepClient that is used here. */
interface WebPushClient {
  readonly state: ConnectionState;
  onState(fn: (state: ConnectionState) => unknown): Unsubscribe;
  changeWebPush(change: WebPushChange): Promise<boolean>;
}

/** A browser that is told. */
export interface WebPush {
  /** Ends the subscription in the browser and, where the client is live, at the hub. Call it when the user signs out. */
  disable(): Promise<void>;
}

/** What a courier's message says: the newest event's kind and place, never its data, and how many events wait. */
export interface WebPushNotice {
  readonly type: string;
  readonly count: number;
  readonly runId?: string;
  readonly threadId?: string;
}

/**
 * Subscribes this browser and tells the hub, now or at the next `live`. Throws what the browser throws (NotAllowedError
 * where the user said no) and what the hub refuses for good, a DoorstepError; a refusal that comes later goes to the
 * client's `onError`.
 */
export async function enableWebPush(client: WebPushClient, options: WebPushOptions): Promise<WebPush> {
  const browser = await subscribe(options);
  const { endpoint } = browser;
  const { p256dh = "", auth = "" } = browser.toJSON().keys ?? {};
  let wasLive = client.state.status === "live";
  const stop = client.onState(({ status }) => {
    const isBack = status === "live" && !wasLive;
    wasLive = status === "live";
    // The client reports what a listener rejects with.
    return isBack ? send() : undefined;
  });
  const send = async (): Promise<void> => {
    try {
      if (await client.changeWebPush({ subscription: { endpoint, keys: { p256dh, auth } } })) stop();
    } catch (error) {
      stop();
      throw error;
    }
  };
  await send();
  return {
    async disable() {
      stop();
      await browser.unsubscribe();
      // Where the hub does not hear of it, the push service refuses the next message, and the courier forgets it then.
      await client.changeWebPush({ endpoint, remove: true });
    },
  };
}

/** Reads the event `push` of a service worker; undefined for what no courier sent. */
export function readWebPush(event: { readonly data: { text(): string } | null }): WebPushNotice | undefined {
  try {
    const { type, count, runId, threadId } = JSON.parse(event.data?.text() ?? "{}") as Record<string, unknown>;
    if (typeof type !== "string" || typeof count !== "number") return undefined;
    return {
      type,
      count,
      ...(typeof runId === "string" ? { runId } : {}),
      ...(typeof threadId === "string" ? { threadId } : {}),
    };
  } catch {
    return undefined;
  }
}

async function subscribe({ vapidPublicKey, registration }: WebPushOptions): Promise<BrowserSubscription> {
  const { pushManager } = registration;
  const options = { userVisibleOnly: true, applicationServerKey: vapidPublicKey };
  try {
    return await pushManager.subscribe(options);
  } catch (error) {
    const old = (error as Error).name === "InvalidStateError" ? await pushManager.getSubscription() : null;
    if (old === null) throw error;
    // The browser is subscribed with another key, and keeps to it: the hub's key was replaced.
    await old.unsubscribe();
    return pushManager.subscribe(options);
  }
}
