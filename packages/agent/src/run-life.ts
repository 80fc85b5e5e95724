/**
 * The life of a run: started, at work, ended by exactly one terminal event (P6).
 *
 *   what happened                              terminal event      hub.run
 *   fn returns                                 agent_completed     answers the result
 *   fn throws                                  agent_failed        throws the same
 *   an event could not be published            agent_failed        throws that error
 *   signal, timeout or hub.close()             agent_cancelled     throws the signal's reason
 *
 * Work starts only once `agent_started` is logged: nobody works where nobody can be told. After an abort `fn` has a
 * grace time to settle; then the run is ended over its head, and tools it left open are listed as unsettled. The
 * abort decides: a result that comes after it is dropped.
 */
import { type EncodedEvent, type EventMap, isRecord, type Json } from "@doorstep/protocol";
import { inContext } from "./context.ts";
import { messageOf, toErrorInfo } from "./error-info.ts";
import type { RunInit } from "./option.ts";
import type { Run } from "./run.ts";
import type { RunChannel } from "./run-channel.ts";

type CancelledBy = EventMap["agent_cancelled"]["by"];
type Outcome<T> =
  | { kind: "returned"; value: T; completed: EncodedEvent }
  | { kind: "threw"; error: unknown }
  | { kind: "cancelled" };

/** The parts of a run that its life needs. */
export interface LivingRun {
  readonly run: Run;
  readonly channel: RunChannel;
  readonly abort: AbortController;
  readonly cancelGraceMs: number;
}

/** Runs `fn` from `agent_started` to the terminal event; both are logged when this settles. */
export async function liveRun<T>(living: LivingRun, init: RunInit, fn: (run: Run) => Promise<T>): Promise<T> {
  const { run, channel, abort } = living;
  const startedAtMs = performance.now();
  const unlink = linkAbort(abort, init);
  try {
    await channel.emit("agent_started", {
      agentName: init.agentName,
      agentVersion: init.agentVersion,
      title: init.title,
      input: init.input,
    });
    const outcome = await work(living, fn, startedAtMs);
    // What fails here is the channel's failure, thrown below.
    await channel.end(lastEvents(living, outcome, startedAtMs)).catch(() => undefined);
    if (channel.failure !== undefined) throw channel.failure;
    if (outcome.kind === "cancelled") throw run.signal.reason;
    if (outcome.kind === "threw") throw outcome.error;
    return outcome.value;
  } finally {
    unlink();
  }
}

/** Aborts with the caller's signal and after the timeout; answers how to let go of both. */
function linkAbort(abort: AbortController, { signal, timeoutMs }: RunInit): () => void {
  const handleAbort = () => abort.abort(signal?.reason);
  signal?.addEventListener("abort", handleAbort, { once: true });
  const timer =
    timeoutMs === undefined
      ? undefined
      : setTimeout(() => {
          abort.abort(new DOMException(`the run took longer than ${timeoutMs} ms`, "TimeoutError"));
        }, timeoutMs);
  return () => {
    signal?.removeEventListener("abort", handleAbort);
    clearTimeout(timer);
  };
}

async function work<T>(
  { run, channel, cancelGraceMs }: LivingRun,
  fn: (run: Run) => Promise<T>,
  startedAtMs: number,
): Promise<Outcome<T>> {
  if (run.signal.aborted) return { kind: "cancelled" };
  const returned = async (): Promise<Outcome<T>> => {
    const value = await fn(run);
    // Encoded here, because a result that cannot travel (too large, not JSON) fails the run: its user would never see it.
    const data = { result: value as Json, durationMs: msSince(startedAtMs), usage: undefined };
    return { kind: "returned", value, completed: channel.encode("agent_completed", data) };
  };
  const settled = inContext(run, returned).catch((error: unknown): Outcome<T> => ({ kind: "threw", error }));
  const outcome = await Promise.race([settled, graceAfterAbort(run.signal, cancelGraceMs, settled)]);
  return run.signal.aborted ? { kind: "cancelled" } : outcome;
}

/** Resolves `graceMs` after the abort; never without one. */
function graceAfterAbort(
  signal: AbortSignal,
  graceMs: number,
  settled: Promise<unknown>,
): Promise<{ kind: "cancelled" }> {
  return new Promise((resolve) => {
    const handleAbort = () => {
      const timer = setTimeout(() => resolve({ kind: "cancelled" }), graceMs);
      void settled.then(() => clearTimeout(timer));
    };
    signal.addEventListener("abort", handleAbort, { once: true });
    void settled.then(() => signal.removeEventListener("abort", handleAbort));
  });
}

/** Closes what is open and adds the terminal event. */
function lastEvents<T>({ run, channel }: LivingRun, outcome: Outcome<T>, startedAtMs: number): EncodedEvent[] {
  if (channel.failure === undefined && outcome.kind === "returned") {
    return [...run.closeOpen("stop").events, outcome.completed];
  }
  if (channel.failure === undefined && outcome.kind === "cancelled") {
    const { events, unsettledToolCallIds } = run.closeOpen("cancelled");
    const data = { ...describeAbort(run.signal.reason), unsettledToolCallIds };
    return [...events, channel.encode("agent_cancelled", data)];
  }
  const error = toErrorInfo(channel.failure ?? (outcome.kind === "threw" ? outcome.error : undefined));
  const data = { error, durationMs: msSince(startedAtMs), usage: undefined };
  return [...run.closeOpen("error").events, channel.encode("agent_failed", data)];
}

/** Tells who cancelled: one of the known words as the reason, a TimeoutError, or else the system, with its message. */
function describeAbort(reason: unknown): { by: CancelledBy; reason: string | undefined } {
  if (reason === "user" || reason === "superseded" || reason === "timeout") return { by: reason, reason: undefined };
  const by = isRecord(reason) && reason["name"] === "TimeoutError" ? "timeout" : "system";
  return { by, reason: reason === undefined ? undefined : messageOf(reason) };
}

function msSince(startedAtMs: number): number {
  return Math.round(performance.now() - startedAtMs);
}
