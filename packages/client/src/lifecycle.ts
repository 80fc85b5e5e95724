/**
 * What the surroundings tell: the network went or came back, the page was hidden or shown again.
 *
 * Timers stand still in a frozen page, so a client that waits out its back-off there would come back late; these
 * signals make it try at once. Other surroundings (React Native's AppState) bring their own source.
 */
import type { Unsubscribe } from "./emitter.ts";

/** active: in view again. background: hidden, maybe for good. online, offline: what the browser says of the network. */
export type LifecycleSignal = "active" | "background" | "online" | "offline";

export interface LifecycleSource {
  subscribe(fn: (signal: LifecycleSignal) => void): Unsubscribe;
}

type Listener = (event: { readonly persisted?: boolean }) => void;

/** The part of EventTarget that is used here; typed so that Node without a DOM compiles it too. */
interface Target {
  addEventListener(type: string, listener: Listener): void;
  removeEventListener(type: string, listener: Listener): void;
}

/** What a browser offers of it. */
export interface Page {
  readonly window: Target;
  readonly document: Target & { readonly visibilityState: string };
}

/** Makes a source of a page's events: online, offline, pageshow (from the back-forward cache), pagehide, visibilitychange. */
export function pageLifecycle({ window, document }: Page): LifecycleSource {
  return {
    subscribe(fn) {
      const listeners: readonly (readonly [Target, string, Listener])[] = [
        [window, "online", () => fn("online")],
        [window, "offline", () => fn("offline")],
        [window, "pagehide", () => fn("background")],
        [window, "pageshow", (event) => event.persisted === true && fn("active")],
        [document, "visibilitychange", () => fn(document.visibilityState === "visible" ? "active" : "background")],
      ];
      for (const [target, type, listener] of listeners) target.addEventListener(type, listener);
      return () => {
        for (const [target, type, listener] of listeners) target.removeEventListener(type, listener);
      };
    },
  };
}

/** The page's source where there is a page; one that never tells anything elsewhere. */
export function defaultLifecycle(scope: object = globalThis): LifecycleSource {
  const { window, document } = scope as Partial<Page>;
  return window === undefined || document === undefined
    ? { subscribe: () => () => {} }
    : pageLifecycle({ window, document });
}
