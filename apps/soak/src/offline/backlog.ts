/**
 * The backlog: users whose events wait outside parcels, read from the due indexes twice a second while something runs.
 *
 * A user is overdue once the oldest of these events is older than the grace period: a courier that keeps up has few, and
 * none for long.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { DueUser, Store } from "@doorstep/store";
import { eventually } from "@doorstep/testkit";

import type { Away } from "./away.ts";
import { GRACE_MS } from "./hub.ts";

/** How it stood at its worst. */
export interface BacklogPeak {
  readonly overdueUsers: number;
  /** How long beyond the grace period somebody waited. */
  readonly overdueMs: number;
}

export interface BacklogWatch {
  stop(): Promise<BacklogPeak>;
}

const INTERVAL_MS = 500;
const PATIENCE_MS = 120_000;
/** More than a partition has. */
const ALL = 1_000_000;

/** Begins to watch the users who are away; others do not count. */
export function watchBacklog(store: Store, away: Away): BacklogWatch {
  const uids = uidsOf(store, away);
  const ending = new AbortController();
  let peak: BacklogPeak = { overdueUsers: 0, overdueMs: 0 };
  const watching = (async () => {
    while (!ending.signal.aborted) {
      peak = worse(peak, await readBacklog(store, uids));
      await delay(INTERVAL_MS, undefined, { signal: ending.signal }).catch(() => "it is over");
    }
  })();
  return {
    stop: async () => {
      ending.abort();
      await watching;
      return peak;
    },
  };
}

/** Resolves once everything of the users who are away is in parcels; throws where that takes too long. */
export async function untilHeld(store: Store, away: Away): Promise<void> {
  const uids = uidsOf(store, away);
  const isHeld = async (): Promise<boolean> => (await readDue(store, uids)).length === 0;
  await eventually(isHeld, { timeoutMs: PATIENCE_MS, intervalMs: INTERVAL_MS, message: "users wait outside parcels" });
}

function uidsOf(store: Store, { prefix, users }: Away): Set<string> {
  return new Set(Array.from({ length: users }, (_, index) => store.log.keysOf(`${prefix}${index}`).uid));
}

async function readBacklog(store: Store, uids: ReadonlySet<string>): Promise<BacklogPeak> {
  const beforeMs = (await store.nowMs()) - GRACE_MS;
  const overdue = (await readDue(store, uids)).filter(({ sinceMs }) => sinceMs < beforeMs);
  const oldestMs = overdue.reduce((oldest, { sinceMs }) => Math.min(oldest, sinceMs), beforeMs);
  return { overdueUsers: overdue.length, overdueMs: beforeMs - oldestMs };
}

async function readDue(store: Store, uids: ReadonlySet<string>): Promise<DueUser[]> {
  const partitions = Array.from({ length: store.partitions }, (_, partition) => partition);
  const due = await store.custody.due(partitions, Infinity, ALL);
  return due.filter(({ keys }) => uids.has(keys.uid));
}

function worse(a: BacklogPeak, b: BacklogPeak): BacklogPeak {
  return {
    overdueUsers: Math.max(a.overdueUsers, b.overdueUsers),
    overdueMs: Math.max(a.overdueMs, b.overdueMs),
  };
}
