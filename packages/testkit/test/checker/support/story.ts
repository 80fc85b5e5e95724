/**
 * Hand-made histories: functions that write operations with what a story does not care about filled in.
 *
 * Event n is `e<n>`, published by `p` to `ann`, and stands at `<n>-0`; it is asked for at 10 n ms, answered 1 ms later,
 * and arrives 2 ms later at connection 1 of its device. What a story tells otherwise goes into the last argument.
 */
import type {
  AckedOperation,
  ArrivalOperation,
  ConnectedOperation,
  DisconnectedOperation,
  FaultOperation,
  GapOperation,
  KeptOperation,
  LogOperation,
  Operation,
  PublishOperation,
  ReadyOperation,
  SampleOperation,
} from "../../../src/checker/history.ts";

type Told<T> = Partial<Omit<T, "op">>;

/** One half of a publish. */
export function asks(n: number, phase: PublishOperation["phase"], told: Told<PublishOperation> = {}): PublishOperation {
  const event = { publisher: "p", n, userId: "ann", id: `e${n}`, delivery: "durable" } as const;
  const place = phase === "ok" ? { offset: `${n}-0` } : {};
  return { op: "publish", phase, ...event, ...place, atMs: phase === "invoke" ? n * 10 : n * 10 + 1, ...told };
}

/** A publish and its acknowledgement. */
export function publishes(n: number, told: Told<PublishOperation> = {}): PublishOperation[] {
  const { offset = `${n}-0`, ...event } = told;
  return [asks(n, "invoke", event), asks(n, "ok", { offset, ...event })];
}

/** An event that comes over the wire. */
export function receives(device: string, n: number, told: Told<ArrivalOperation> = {}): ArrivalOperation {
  const value = { id: `e${n}`, offset: `${n}-0`, forUser: "ann", publisher: "p", n, atMs: n * 10 + 2, replayed: false };
  return { op: "received", device, userId: "ann", life: 1, ...value, ...told };
}

/** An event that the application is handed. */
export function applies(device: string, n: number, told: Told<ArrivalOperation> = {}): ArrivalOperation {
  return { ...receives(device, n, told), op: "applied" };
}

export function connects(device: string, told: Told<ConnectedOperation> = {}): ConnectedOperation {
  return { op: "connected", device, userId: "ann", life: 1, presented: "0-0", atMs: 1, ...told };
}

/** A device that knows no offset. */
export function connectsNew(device: string, told: Told<ConnectedOperation> = {}): ConnectedOperation {
  const { presented: _, ...operation } = connects(device, told);
  return operation;
}

export function disconnects(device: string, told: Told<DisconnectedOperation> = {}): DisconnectedOperation {
  return { op: "disconnected", device, userId: "ann", life: 1, atMs: 500, ...told };
}

export function isReady(device: string, offset: string, told: Told<ReadyOperation> = {}): ReadyOperation {
  return { op: "ready", device, userId: "ann", life: 1, offset, recovered: true, atMs: 2, ...told };
}

/** A gap, told after all publishes of a story. */
export function isTold(
  device: string,
  from: string,
  to: string,
  reason: GapOperation["reason"],
  told: Told<GapOperation> = {},
): GapOperation {
  return { op: "gap", device, userId: "ann", life: 1, from, to, reason, atMs: 400, ...told };
}

export function acks(offset: string, by = "phone"): AckedOperation {
  return { op: "acked", userId: "ann", offset, by };
}

export function fault(phase: FaultOperation["phase"], atMs: number, name = "gateway killed"): FaultOperation {
  return { op: "fault", name, phase, atMs };
}

/** The final log with the events given; its head is the last of them, and all is acknowledged. */
export function log(numbers: readonly number[], told: Told<LogOperation> = {}): LogOperation {
  const entries = numbers.map((n) => ({ offset: `${n}-0`, id: `e${n}` }));
  const head = entries.at(-1)?.offset ?? "0-0";
  return { op: "log", userId: "ann", entries, head, acked: head, trimmed: "0-0", custody: [], ...told };
}

export function keeps(op: KeptOperation["op"], ...numbers: number[]): KeptOperation {
  return { op, userId: "ann", events: numbers.map((n) => ({ offset: `${n}-0`, id: `e${n}` })) };
}

export function sample(atMs: number, told: Told<SampleOperation>): SampleOperation {
  return { op: "sample", atMs, process: "gateway-1", ...told };
}

/** A history from its parts. */
export function story(...parts: readonly (Operation | readonly Operation[])[]): Operation[] {
  return parts.flat();
}

/** Three events, published and acknowledged. */
export const three: readonly Operation[] = [...publishes(1), ...publishes(2), ...publishes(3)];

/** A bare device that got the first two of them. */
export const phoneHasTwo: readonly Operation[] = [connects("phone"), receives("phone", 1), receives("phone", 2)];

/** A bare device that got all three. */
export const phoneHasThree: readonly Operation[] = [...phoneHasTwo, receives("phone", 3)];
