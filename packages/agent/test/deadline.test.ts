import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";

import { Deadlines, type Expiring } from "../src/deadline.ts";

describe("deadlines", () => {
  let over: string[];
  let deadlines: Deadlines;

  const entry = (name: string, timeoutMs: number): Expiring => ({
    timeoutMs,
    place: undefined,
    expire: () => over.push(name),
  });
  /** Adds and answers entries, so that a test can end them. */
  const add = (...entries: Expiring[]): Expiring[] => {
    for (const one of entries) deadlines.add(one);
    return entries;
  };

  beforeEach(() => {
    jest.useFakeTimers();
    over = [];
    deadlines = new Deadlines();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it("are over once, each after its own time", () => {
    add(entry("a", 100), entry("b", 30));
    jest.advanceTimersByTime(50);
    add(entry("c", 100));
    expect(over).toEqual(["b"]);
    jest.advanceTimersByTime(60);
    expect(over).toEqual(["b", "a"]);
    jest.advanceTimersByTime(1_000);
    expect(over).toEqual(["b", "a", "c"]);
    expect(deadlines.size).toBe(0);
  });

  it("share a timer where their patience is the same, and keep none for long without entries", () => {
    const entries = add(...Array.from({ length: 100 }, (_, n) => entry(String(n), 1_000)));
    expect(jest.getTimerCount()).toBe(1);
    for (const one of entries.slice(0, 99)) expect(deadlines.delete(one)).toBe(true);
    expect(jest.getTimerCount()).toBe(1);
    expect(deadlines.delete(entries[99] as Expiring)).toBe(true);
    expect(deadlines.delete(entries[99] as Expiring)).toBe(false);
    // One event at a time makes no timer for each.
    for (let n = 0; n < 10; n++) for (const one of add(entry("later", 1_000))) deadlines.delete(one);
    expect(jest.getTimerCount()).toBe(1);
    jest.advanceTimersByTime(1_000);
    expect(jest.getTimerCount()).toBe(0);
    expect(over).toEqual([]);
  });

  it("wait for the next one where the first has ended", () => {
    const [first] = add(entry("first", 100));
    jest.advanceTimersByTime(60);
    add(entry("second", 100));
    deadlines.delete(first as Expiring);
    jest.advanceTimersByTime(60);
    expect(over).toEqual([]);
    jest.advanceTimersByTime(60);
    expect(over).toEqual(["second"]);
  });

  it("are all over when they are ended, also those that end others meanwhile", () => {
    const last = entry("last", 70);
    add({ timeoutMs: 50, place: undefined, expire: () => deadlines.delete(last) }, entry("other", 60), last);
    deadlines.expireAll();
    expect(over).toEqual(["other"]);
    expect(deadlines.size).toBe(0);
    expect(jest.getTimerCount()).toBe(0);
  });
});
