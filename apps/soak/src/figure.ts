/**
 * Figures of a run, read out of its history: how much was published and delivered, how late it came, how long the hub took
 * to serve every device again after a heal.
 *
 * Lag is the time from the publisher's answer to the application's callback. What a device missed because the run itself had
 * closed it is history when it comes, and does not count.
 */
import type { Operation } from "@doorstep/testkit";

/** The largest lag of what arrived within a second. */
export interface LagPoint {
  readonly atS: number;
  readonly lagMs: number;
}

/** When a fault was there, in seconds from the first operation. */
export interface FaultSpan {
  readonly fromS: number;
  readonly toS: number;
}

/** What a run amounted to. */
export interface Figures {
  /** Acknowledged events. */
  readonly events: number;
  /** Events handed to applications, over all devices. */
  readonly deliveries: number;
  readonly gaps: number;
  /** The longest time from a heal to the first delivery at the last of the devices that were on, in milliseconds. */
  readonly recoveryMs: number;
  readonly worstLagMs: number;
  readonly lag: readonly LagPoint[];
  readonly spans: readonly FaultSpan[];
}

type Arrival = Extract<Operation, { op: "received" | "applied" }>;

/** Measures a history. */
export function measure(history: readonly Operation[]): Figures {
  const beganAtMs = history.find((operation) => "atMs" in operation)?.atMs ?? 0;
  const publishedAt = new Map<string, number>();
  for (const operation of history) {
    if (operation.op === "publish" && operation.phase === "ok") publishedAt.set(operation.id, operation.atMs);
  }
  const worst = new Map<number, number>();
  for (const { arrival, sinceMs } of awaitedArrivals(history, publishedAt)) {
    const second = Math.floor((arrival.atMs - beganAtMs) / 1_000);
    worst.set(second, Math.max(worst.get(second) ?? 0, arrival.atMs - sinceMs));
  }
  const lag = [...worst].map(([atS, lagMs]) => ({ atS, lagMs })).sort((a, b) => a.atS - b.atS);
  return {
    events: publishedAt.size,
    deliveries: history.filter(({ op }) => op === "applied").length,
    gaps: history.filter(({ op }) => op === "gap").length,
    recoveryMs: recoveryOf(history),
    worstLagMs: lag.reduce((most, { lagMs }) => Math.max(most, lagMs), 0),
    lag,
    spans: spansOf(history, beganAtMs),
  };
}

/** Arrivals with the time since when they were due: publication, or the end of an absence that the run wanted. */
function* awaitedArrivals(
  history: readonly Operation[],
  publishedAt: ReadonlyMap<string, number>,
): Generator<{ arrival: Arrival; sinceMs: number }> {
  const backAt = new Map<string, number>();
  const isAbsent = new Set<string>();
  for (const operation of history) {
    if (operation.op === "connected") {
      if (isAbsent.has(operation.device) || !backAt.has(operation.device)) {
        backAt.set(operation.device, operation.atMs);
      }
      isAbsent.delete(operation.device);
    } else if (operation.op === "disconnected" && operation.wanted === true) isAbsent.add(operation.device);
    else if (operation.op === "applied") {
      const published = publishedAt.get(operation.id);
      if (published === undefined) continue;
      const sinceMs = Math.max(published, backAt.get(operation.device) ?? 0);
      // A push can overtake the publisher's answer.
      yield { arrival: operation, sinceMs: Math.min(sinceMs, operation.atMs) };
    }
  }
}

function recoveryOf(history: readonly Operation[]): number {
  let worstMs = 0;
  let healedAtMs: number | undefined;
  const waiting = new Set<string>();
  const on = new Set<string>();
  for (const operation of history) {
    if (operation.op === "connected") on.add(operation.device);
    else if (operation.op === "disconnected" && operation.wanted === true) {
      on.delete(operation.device);
      waiting.delete(operation.device);
    } else if (operation.op === "fault") {
      waiting.clear();
      healedAtMs = operation.phase === "healed" ? operation.atMs : undefined;
      if (healedAtMs !== undefined) for (const device of on) waiting.add(device);
    } else if (operation.op === "applied" && healedAtMs !== undefined && waiting.delete(operation.device)) {
      worstMs = Math.max(worstMs, operation.atMs - healedAtMs);
    }
  }
  return worstMs;
}

function spansOf(history: readonly Operation[], beganAtMs: number): FaultSpan[] {
  const spans: FaultSpan[] = [];
  let fromS = 0;
  for (const operation of history) {
    if (operation.op !== "fault") continue;
    const atS = (operation.atMs - beganAtMs) / 1_000;
    if (operation.phase === "begin") fromS = atS;
    else spans.push({ fromS, toS: atS });
  }
  return spans;
}
