import { describe, expect, it } from "@jest/globals";
import { defaultLifecycle, type LifecycleSignal, type Page, pageLifecycle } from "../src/lifecycle.ts";

/** Real event targets, which is all of a page that the source uses. */
function page(): { window: EventTarget; document: EventTarget & { visibilityState: string } } {
  return { window: new EventTarget(), document: Object.assign(new EventTarget(), { visibilityState: "visible" }) };
}

describe("pageLifecycle", () => {
  it("tells network, visibility and the return from the back-forward cache", () => {
    const { window, document } = page();
    const signals: LifecycleSignal[] = [];
    const unsubscribe = pageLifecycle({ window, document } as Page).subscribe((signal) => signals.push(signal));
    window.dispatchEvent(new Event("offline"));
    window.dispatchEvent(new Event("online"));
    window.dispatchEvent(Object.assign(new Event("pageshow"), { persisted: false }));
    window.dispatchEvent(new Event("pagehide"));
    window.dispatchEvent(Object.assign(new Event("pageshow"), { persisted: true }));
    document.visibilityState = "hidden";
    document.dispatchEvent(new Event("visibilitychange"));
    document.visibilityState = "visible";
    document.dispatchEvent(new Event("visibilitychange"));
    expect(signals).toEqual(["offline", "online", "background", "active", "background", "active"]);
    unsubscribe();
    window.dispatchEvent(new Event("online"));
    document.dispatchEvent(new Event("visibilitychange"));
    expect(signals).toHaveLength(6);
  });
});

describe("defaultLifecycle", () => {
  it("is the page's where there is one and silent elsewhere", () => {
    const { window, document } = page();
    const signals: LifecycleSignal[] = [];
    defaultLifecycle({ window, document }).subscribe((signal) => signals.push(signal));
    const unsubscribe = defaultLifecycle({}).subscribe((signal) => signals.push(signal));
    window.dispatchEvent(new Event("online"));
    unsubscribe();
    expect(signals).toEqual(["online"]);
  });
});
