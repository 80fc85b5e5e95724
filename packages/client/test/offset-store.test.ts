import { describe, expect, it } from "@jest/globals";
import { createOffsetStore, defaultStoreKind, type OffsetStore, SafeOffsetStore } from "../src/offset-store.ts";

/** Web storage as a page has it: a map of texts. */
function webStorage(): {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  keys(): string[];
} {
  const values = new Map<string, string>();
  return {
    getItem: (key) => values.get(key) ?? null,
    setItem: (key, value) => void values.set(key, value),
    keys: () => [...values.keys()],
  };
}

const forbidden = {
  get sessionStorage(): never {
    throw new Error("access denied");
  },
};

function safe(store: OffsetStore): { store: SafeOffsetStore; errors: Error[] } {
  const errors: Error[] = [];
  return { store: new SafeOffsetStore(store, (error) => errors.push(error)), errors };
}

describe("createOffsetStore", () => {
  it.each(["session", "local"] as const)("keeps the offset in %s storage under its key", async (kind) => {
    const sessionStorage = webStorage();
    const localStorage = webStorage();
    const scope = { sessionStorage, localStorage };
    const store = createOffsetStore(kind, "key", scope);
    expect(store.get()).toBeUndefined();
    await store.set("5-0");
    expect(createOffsetStore(kind, "key", scope).get()).toBe("5-0");
    expect(createOffsetStore(kind, "other", scope).get()).toBeUndefined();
    expect((kind === "session" ? localStorage : sessionStorage).keys()).toEqual([]);
  });

  it("keeps nothing in memory: the client itself is the memory", async () => {
    const store = createOffsetStore("memory", "key", {});
    await store.set("5-0");
    expect(store.get()).toBeUndefined();
  });
});

describe("defaultStoreKind", () => {
  it("is the session's where a page has one and may use it", () => {
    expect(defaultStoreKind({ sessionStorage: webStorage() })).toBe("session");
    expect(defaultStoreKind({})).toBe("memory");
    expect(defaultStoreKind(forbidden)).toBe("memory");
  });
});

describe("SafeOffsetStore", () => {
  it.each([
    ["is not there", {}],
    ["may not be used", forbidden],
  ])("reports a storage that %s once and goes on", async (_, scope) => {
    const { store, errors } = safe(createOffsetStore("session", "key", scope));
    expect(await store.get()).toBeUndefined();
    store.set("5-0");
    store.set("6-0");
    expect(errors.map((error) => error.message)).toEqual(["the offset store failed; the offset stays in memory"]);
  });

  it("reads what is not an offset as none", async () => {
    const { store } = safe({ get: () => "<script>", set: () => undefined });
    expect(await store.get()).toBeUndefined();
  });

  it("writes to a slow store one at a time, the latest only", async () => {
    const written: string[] = [];
    const finish: (() => void)[] = [];
    const { store } = safe({
      get: () => undefined,
      set: (offset) => {
        written.push(offset);
        return new Promise<void>((resolve) => finish.push(resolve));
      },
    });
    store.set("1-0");
    store.set("2-0");
    store.set("3-0");
    expect(written).toEqual(["1-0"]);
    const settled = store.settled();
    finish[0]?.();
    await Promise.resolve();
    await Promise.resolve();
    expect(written).toEqual(["1-0", "3-0"]);
    finish[1]?.();
    await settled;
    expect(written).toEqual(["1-0", "3-0"]);
  });

  it("goes on after a rejected write and a rejected read", async () => {
    const written: string[] = [];
    const { store, errors } = safe({
      get: () => Promise.reject(new Error("no read")),
      set: async (offset) => {
        written.push(offset);
        throw new Error("no write");
      },
    });
    expect(await store.get()).toBeUndefined();
    store.set("1-0");
    await store.settled();
    store.set("2-0");
    await store.settled();
    expect(written).toEqual(["1-0", "2-0"]);
    expect(errors).toHaveLength(1);
    expect(errors[0]?.cause).toEqual(new Error("no read"));
  });
});
