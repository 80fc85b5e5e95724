import { describe, expect, it } from "@jest/globals";
import type { EventMap, EventType } from "@doorstep/protocol";
import { MAX_RUNS, RunStore } from "../src/run-store.ts";
import { event } from "./support/scene.ts";

function store(): RunStore {
  return new RunStore((error) => {
    throw error;
  });
}

function apply<K extends EventType>(runs: RunStore, runId: string, type: K, data: EventMap[K]): void {
  runs.apply(event("1-0", type, { runId, data }));
}

describe("RunStore", () => {
  it("folds the events of each run and tells once per flush", () => {
    const runs = store();
    const lists: number[] = [];
    let told = 0;
    runs.subscribe((list) => lists.push(list.length));
    const handle = runs.handle("a");
    handle.subscribe(() => (told += 1));
    expect(handle.get()).toBeUndefined();
    apply(runs, "a", "agent_started", { agentName: "reader" });
    apply(runs, "a", "message_delta", { messageId: "m", delta: "Hi", textOffset: 0 });
    apply(runs, "b", "agent_started", { agentName: "writer" });
    expect(told).toBe(0);
    runs.flush();
    runs.flush();
    expect(told).toBe(1);
    expect(lists).toEqual([2]);
    expect(handle.get()?.messages[0]?.text).toBe("Hi");
    expect(runs.list().map((view) => view.agentName)).toEqual(["reader", "writer"]);
  });

  it("does not tell a run's listeners of other runs, nor anybody of nothing", () => {
    const runs = store();
    let told = 0;
    runs.handle("a").subscribe(() => (told += 1));
    const list = runs.list();
    apply(runs, "b", "agent_started", { agentName: "writer" });
    runs.flush();
    expect(told).toBe(0);
    const after = runs.list();
    expect(after).not.toBe(list);
    runs.apply(event("2-0", "my.own.type", { runId: "c" }));
    runs.apply(event("3-0"));
    runs.flush();
    expect(runs.list()).toBe(after);
  });

  it("keeps the last runs, forgetting ended ones first", () => {
    const runs = store();
    for (let n = 0; n < MAX_RUNS; n++) apply(runs, `run-${n}`, "agent_started", { agentName: "a" });
    apply(runs, "run-5", "agent_completed", {});
    apply(runs, "next", "agent_started", { agentName: "a" });
    runs.flush();
    expect(runs.list()).toHaveLength(MAX_RUNS);
    expect(runs.handle("run-5").get()).toBeUndefined();
    expect(runs.handle("run-0").get()).toBeDefined();
    apply(runs, "last", "agent_started", { agentName: "a" });
    expect(runs.handle("run-0").get()).toBeUndefined();
    expect(runs.handle("last").get()).toBeDefined();
  });

  it("resolves finished with the ended run, also when it has ended already", async () => {
    const runs = store();
    const { finished } = runs.handle("a");
    const pending = finished();
    apply(runs, "a", "agent_started", { agentName: "reader" });
    runs.flush();
    apply(runs, "a", "agent_completed", { result: 42 });
    runs.flush();
    expect(await pending).toMatchObject({ status: "completed", result: 42 });
    expect(await finished({ signal: AbortSignal.abort() })).toMatchObject({ status: "completed" });
  });

  it("rejects finished with the signal's reason, or CLOSED when the client closes", async () => {
    const runs = store();
    const { finished } = runs.handle("a");
    const giveUp = new AbortController();
    const pending = finished({ signal: giveUp.signal });
    giveUp.abort(new Error("no longer interested"));
    await expect(pending).rejects.toThrow("no longer interested");
    await expect(finished({ signal: AbortSignal.abort(new Error("never was")) })).rejects.toThrow("never was");
    const waiting = finished();
    runs.close();
    await expect(waiting).rejects.toMatchObject({ code: "CLOSED" });
    await expect(finished()).rejects.toMatchObject({ code: "CLOSED" });
  });
});
