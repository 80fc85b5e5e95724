import { afterEach, describe, expect, it } from "@jest/globals";
import { type ClientOptions, resolveOptions } from "../src/option.ts";

const GOOD: ClientOptions = { url: "https://hub.example.org", token: () => "token" };

describe("resolveOptions", () => {
  it("fills in the documented defaults", () => {
    expect(resolveOptions(GOOD)).toMatchObject({
      path: "/socket.io",
      ack: "auto",
      clientId: undefined,
      backOff: { baseMs: 500, maxMs: 30_000 },
      connectTimeoutMs: 20_000,
      io: {},
    });
  });

  it.each<[string, object]>([
    ["url", { url: "" }],
    ["url", { url: undefined }],
    ["token", { token: "a bare string goes stale" }],
    ["ack", { ack: "sometimes" }],
    ["clientId", { clientId: "spaces are not allowed" }],
    ["offsetStore", { offsetStore: "cookie" }],
    ["offsetStore", { offsetStore: { get: () => undefined } }],
    ["offsetStore", { offsetStore: null }],
    ["baseMs", { backOff: { baseMs: 0 } }],
    ["maxMs", { backOff: { maxMs: Number.NaN } }],
    ["connectTimeoutMs", { connectTimeoutMs: -1 }],
  ])("names %s when it is refused", (name, wrong) => {
    expect(() => resolveOptions({ ...GOOD, ...wrong })).toThrow(name);
  });

  describe("in a page", () => {
    const page = globalThis as { sessionStorage?: unknown; reportError?: unknown };
    afterEach(() => {
      delete page.sessionStorage;
      delete page.reportError;
    });

    it("keeps the offset per tab, under the url or the storage key", async () => {
      const values = new Map<string, string>();
      page.sessionStorage = {
        getItem: (key: string) => values.get(key) ?? null,
        setItem: (key: string, value: string) => void values.set(key, value),
      };
      await resolveOptions(GOOD).offsetStore.set("1-0");
      await resolveOptions({ ...GOOD, storageKey: "user-7" }).offsetStore.set("2-0");
      expect([...values]).toEqual([
        ["doorstep:offset:https://hub.example.org", "1-0"],
        ["doorstep:offset:user-7", "2-0"],
      ]);
    });

    it("hands errors without a receiver to reportError, and to nobody where that is missing", () => {
      const { onError } = resolveOptions(GOOD);
      expect(() => onError(new Error("nobody"))).not.toThrow();
      const reported: unknown[] = [];
      page.reportError = (error: unknown) => reported.push(error);
      onError(new Error("the page"));
      expect(reported).toEqual([new Error("the page")]);
    });
  });
});
