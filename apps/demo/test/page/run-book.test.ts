import { describe, expect, it } from "@jest/globals";
import type { Envelope } from "@doorstep/protocol";
import { eventually } from "@doorstep/testkit";
import { RunBook } from "../../src/page/run-book.ts";

/** A shelf in memory. */
function createShelf() {
  const items = new Map<string, string>();
  return {
    items,
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, text: string) => items.set(key, text),
  };
}

function event(offset: string, type: string, data: unknown, runId = "r1"): Envelope {
  return { offset, id: offset, type, time: "2026-01-01T00:00:00Z", runId, data };
}

function fail(error: unknown): never {
  throw error;
}

describe("RunBook", () => {
  it("folds runs, newest first, and has them and the offset again after a reload", async () => {
    const shelf = createShelf();
    const book = new RunBook(shelf, "ada", fail);
    expect(book.isKnown).toBe(false);
    book.apply(event("1-0", "agent_started", { agentName: "a", title: "First?" }));
    book.apply(event("2-0", "agent_started", { agentName: "a", title: "Second?" }, "r2"));
    await book.offsetStore.set("2-0");
    await eventually(() => shelf.items.size === 1);

    const reloaded = new RunBook(shelf, "ada", fail);
    expect(reloaded.isKnown).toBe(true);
    expect(await reloaded.offsetStore.get()).toBe("2-0");
    expect(reloaded.runs.get().map((run) => run.title)).toEqual(["Second?", "First?"]);
    reloaded.apply(event("3-0", "agent_completed", {}));
    expect(reloaded.runs.get().map((run) => run.status)).toEqual(["running", "completed"]);
    expect(new RunBook(shelf, "bob", fail).runs.get()).toEqual([]);
  });

  it("tells listeners of changes only", () => {
    const book = new RunBook(createShelf(), "ada", fail);
    let told = 0;
    const stop = book.runs.subscribe(() => told++);
    book.apply(event("1-0", "agent_started", { agentName: "a" }));
    book.apply({ ...event("2-0", "note", {}), runId: "r1" });
    stop();
    book.apply(event("3-0", "agent_completed", {}));
    expect(told).toBe(1);
  });

  it("goes on without a shelf that takes nothing, and tells so", async () => {
    const errors: unknown[] = [];
    const full = { getItem: () => null, setItem: () => fail(new Error("quota")) };
    const book = new RunBook(full, "ada", (error) => errors.push(error));
    book.apply(event("1-0", "agent_started", { agentName: "a" }));
    book.save();
    expect(book.runs.get()).toHaveLength(1);
    expect(errors).toEqual([new Error("quota")]);
  });

  it.each(["{", "7", '{"offset":1,"runs":[]}'])("begins anew where the shelf holds %s", (text) => {
    const shelf = createShelf();
    shelf.items.set("doorstep-demo:ada", text);
    expect(new RunBook(shelf, "ada", fail).runs.get()).toEqual([]);
  });
});
