/**
 * What happened to a parcel since it was stored: its history, for people who look, and the state of its escalations. A parcel
 * is immutable, so this stands beside its data, in the progress of its job. Only the processor that has the job writes it.
 */
import { isRecord } from "@doorstep/protocol";
import type { Job } from "bullmq";

import type { ParcelData } from "./parcel.ts";

/** Something that happened to events on their way; times are milliseconds since 1970. */
export interface HistoryEntry {
  readonly atMs: number;
  readonly what: string;
}

/** One escalation of a parcel, so far. */
export interface EscalationState {
  readonly attempts: number;
  /** When the next attempt is due: Redis' clock, milliseconds since 1970. */
  readonly nextAtMs?: number;
  /** How it ended; absent while it is open. */
  readonly end?: string;
}

/** Most entries of a parcel's history: what is beyond says nothing new. */
const MAX_HISTORY = 50;

/** Lists what was noted of a parcel, oldest first; what is not of the expected form is passed over. */
export function parcelHistory({ progress }: Pick<Job<ParcelData>, "progress">): HistoryEntry[] {
  const noted: unknown = isRecord(progress) ? progress["history"] : undefined;
  if (!Array.isArray(noted)) return [];
  return noted.filter(
    (entry): entry is HistoryEntry =>
      isRecord(entry) && typeof entry["atMs"] === "number" && typeof entry["what"] === "string",
  );
}

/** Tells how far the escalation of a name has come. */
export function escalationState({ progress }: Pick<Job<ParcelData>, "progress">, name: string): EscalationState {
  const states: unknown = isRecord(progress) ? progress["escalations"] : undefined;
  const state: unknown = isRecord(states) ? states[name] : undefined;
  // Written below, and by nobody else.
  return isRecord(state) ? (state as unknown as EscalationState) : { attempts: 0 };
}

/** Notes how far an escalation has come, and what happened, where that is worth telling. */
export async function noteEscalation(
  job: Job<ParcelData>,
  name: string,
  state: EscalationState,
  entry?: HistoryEntry,
): Promise<void> {
  const progress = isRecord(job.progress) ? job.progress : {};
  const states: unknown = progress["escalations"];
  const history = parcelHistory(job);
  await job.updateProgress({
    ...progress,
    escalations: { ...(isRecord(states) ? states : {}), [name]: state },
    history: (entry === undefined ? history : [...history, entry]).slice(-MAX_HISTORY),
  });
}
