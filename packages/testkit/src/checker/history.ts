/**
 * History: what a fault run logs, one JSON object an operation, and all that the checker knows.
 *
 * Publishers log what they asked for and what they were told; devices what came over the wire (`received`), what the
 * application was handed (`applied`), gaps and connections; the nemesis its faults; and after the last heal a final read
 * tells what Redis and BullMQ hold. Values are unique: `publisher` and `n` travel in the payload, with the user meant.
 *
 * Promised by whoever logs: operations of one publisher and of one device stand in the order in which they happened
 * (between processes only `atMs` is compared, so they need one clock), a device logs `gap` and `ready` after the
 * events before it were handed to the application, and `fail` means that the event was certainly not taken.
 */
import type { Offset } from "./offset.ts";

/** How an event is kept: logged and held, logged only, or pushed only. */
export type Delivery = "durable" | "stream" | "ephemeral";

/** Why a range does not come. */
export type GapReason = "trimmed" | "failover" | "expired" | "overflow" | "dropped";

/** A publisher's question and its answers. A repeated try logs `invoke` again, with the same id and `n`. */
export interface PublishOperation {
  readonly op: "publish";
  /** `fail`: certainly not taken. `indeterminate`: no answer, or one that leaves it open. */
  readonly phase: "invoke" | "ok" | "fail" | "indeterminate";
  readonly publisher: string;
  /** Unique among the values of this publisher. */
  readonly n: number;
  readonly userId: string;
  /** The event id, unique for its user. */
  readonly id: string;
  readonly delivery: Delivery;
  readonly atMs: number;
  /** With `ok`: where it stands. Absent for ephemeral events. */
  readonly offset?: Offset;
  readonly duplicate?: boolean;
  readonly code?: string;
  /** With `ok`: how many replicas confirmed it. */
  readonly replicas?: number;
}

/** An event that reached a device: on the wire (`received`) or in the application's callback (`applied`). */
export interface ArrivalOperation {
  readonly op: "received" | "applied";
  readonly device: string;
  /** The user the device is logged in as. */
  readonly userId: string;
  /** Number of the device's connection. */
  readonly life: number;
  readonly id: string;
  /** Absent for ephemeral events. */
  readonly offset?: Offset;
  /** The user named in the payload. */
  readonly forUser: string;
  readonly publisher: string;
  readonly n: number;
  readonly atMs: number;
  readonly replayed: boolean;
}

/**
 * A device was told that what lies after `from` up to and including `to` will not come; where that is only `possible`,
 * that what the hub still has of it came before, and the rest is lost.
 */
export interface GapOperation {
  readonly op: "gap";
  readonly device: string;
  readonly userId: string;
  readonly life: number;
  readonly from: Offset;
  readonly to: Offset;
  readonly reason: GapReason;
  readonly possible?: boolean;
  readonly atMs: number;
}

/** A device's connection begins. */
export interface ConnectedOperation {
  readonly op: "connected";
  readonly device: string;
  readonly userId: string;
  readonly life: number;
  /** The offset it presented, or "$": from now on. Absent: from what the user has not acknowledged. */
  readonly presented?: string;
  /** Whether it hands events to an application and logs `applied`; then only those count as delivered. @default false */
  readonly applies?: boolean;
  readonly atMs: number;
}

/** A device's connection ends. */
export interface DisconnectedOperation {
  readonly op: "disconnected";
  readonly device: string;
  readonly userId: string;
  readonly life: number;
  /** Whether the run closed it on purpose: nothing is late until it connects again. @default false */
  readonly wanted?: boolean;
  readonly atMs: number;
}

/** A device was told that its first catch-up ended, and where it stands. */
export interface ReadyOperation {
  readonly op: "ready";
  readonly device: string;
  readonly userId: string;
  readonly life: number;
  readonly offset: Offset;
  readonly recovered: boolean;
  readonly atMs: number;
}

/** The hub took an ack; hostile ones that it clamped are logged as it clamped them. */
export interface AckedOperation {
  readonly op: "acked";
  readonly userId: string;
  readonly offset: Offset;
  readonly by: string;
}

/** A fault begins, or everything it broke is mended. */
export interface FaultOperation {
  readonly op: "fault";
  readonly name: string;
  readonly phase: "begin" | "healed";
  readonly atMs: number;
}

/** An event as it is kept somewhere. */
export interface StoredEvent {
  readonly offset: Offset;
  readonly id: string;
}

/** A line of a user's parcel list: what lies after `from` up to and including `to`. */
export interface CustodyLine {
  readonly kind: "parcel" | "tombstone";
  readonly from: Offset;
  readonly to: Offset;
  /** Of a tombstone. */
  readonly reason?: GapReason;
}

/** Final read: a user's log. */
export interface LogOperation {
  readonly op: "log";
  readonly userId: string;
  readonly entries: readonly StoredEvent[];
  readonly head: Offset;
  readonly acked: Offset;
  readonly trimmed: Offset;
  readonly custody: readonly CustodyLine[];
}

/** Final read: events of a user in parcels' jobs (those no custody line names hold nothing), or in dead letters. */
export interface KeptOperation {
  readonly op: "parcels" | "deadLetters";
  readonly userId: string;
  readonly events: readonly StoredEvent[];
}

/** What a process used at a moment. */
export interface SampleOperation {
  readonly op: "sample";
  readonly atMs: number;
  readonly process: string;
  readonly rssBytes?: number;
  readonly sockets?: number;
  readonly redisKeys?: number;
  readonly lagMs?: number;
}

/** What happens at a device. */
export type DeviceOperation =
  | ArrivalOperation
  | GapOperation
  | ConnectedOperation
  | DisconnectedOperation
  | ReadyOperation;

/** One line of a history. */
export type Operation =
  | PublishOperation
  | DeviceOperation
  | AckedOperation
  | FaultOperation
  | LogOperation
  | KeptOperation
  | SampleOperation;
