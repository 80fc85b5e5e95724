/**
 * Evidence: a history sorted by user, so that each rule looks at what concerns it. One pass, nothing is judged here.
 *
 * What names another user than the device it arrived at is kept apart: it is a finding of its own and tells nothing
 * about the log of the device's user.
 */
import type {
  AckedOperation,
  ArrivalOperation,
  DeviceOperation,
  FaultOperation,
  GapOperation,
  KeptOperation,
  LogOperation,
  Operation,
  PublishOperation,
  SampleOperation,
} from "./history.ts";
import { laterOffset, type Offset, ZERO_OFFSET } from "./offset.ts";

/** One event as its publisher knows it, over all tries. */
export interface Publication {
  /** The first operation of it. */
  readonly first: PublishOperation;
  readonly oks: PublishOperation[];
  invokes: number;
  fails: number;
  /** What this publisher had acknowledged at this user when it first asked: this one has to stand after it. */
  readonly after: PublishOperation | undefined;
}

/** A device and what happened at it, in order. */
export interface Device {
  readonly name: string;
  readonly userId: string;
  readonly operations: DeviceOperation[];
  readonly gaps: GapOperation[];
  /** Ids of what arrived, on the wire or in the application. */
  readonly arrived: Set<string>;
  applies: boolean;
  /** The connection it has; undefined while it has none. */
  life: number | undefined;
}

/** All about one user. */
export interface UserEvidence {
  readonly userId: string;
  readonly publications: Map<string, Publication>;
  readonly devices: Map<string, Device>;
  readonly kept: KeptOperation[];
  readonly acks: AckedOperation[];
  /** The first arrival of each event at any device. */
  readonly arrivals: Map<string, ArrivalOperation>;
  log: LogOperation | undefined;
  /** The furthest ack that anyone saw. */
  acked: Offset;
}

/** A history, sorted. */
export interface Evidence {
  readonly users: Map<string, UserEvidence>;
  readonly foreign: ArrivalOperation[];
  readonly faults: FaultOperation[];
  readonly samples: SampleOperation[];
}

/** Sorts a history. */
export function gatherEvidence(history: readonly Operation[]): Evidence {
  const evidence: Evidence = { users: new Map(), foreign: [], faults: [], samples: [] };
  const latest: LatestAnswers = new Map();
  for (const operation of history) {
    switch (operation.op) {
      case "publish":
        addPublish(userOf(evidence, operation.userId), operation, latest);
        break;
      case "received":
      case "applied":
        if (operation.forUser === operation.userId) addArrival(userOf(evidence, operation.userId), operation);
        else evidence.foreign.push(operation);
        break;
      case "gap":
      case "connected":
      case "disconnected":
      case "ready":
        addAtDevice(userOf(evidence, operation.userId), operation);
        break;
      case "acked":
      case "log":
        addAcked(userOf(evidence, operation.userId), operation);
        break;
      case "parcels":
      case "deadLetters":
        userOf(evidence, operation.userId).kept.push(operation);
        break;
      case "fault":
        evidence.faults.push(operation);
        break;
      case "sample":
        evidence.samples.push(operation);
        break;
    }
  }
  return evidence;
}

/** By user and publisher, the acknowledged publish with the furthest offset. */
type LatestAnswers = Map<UserEvidence, Map<string, PublishOperation>>;

function userOf({ users }: Evidence, userId: string): UserEvidence {
  let user = users.get(userId);
  if (user === undefined) {
    user = {
      userId,
      publications: new Map(),
      devices: new Map(),
      kept: [],
      acks: [],
      arrivals: new Map(),
      log: undefined,
      acked: ZERO_OFFSET,
    };
    users.set(userId, user);
  }
  return user;
}

function addPublish(user: UserEvidence, operation: PublishOperation, latest: LatestAnswers): void {
  let answers = latest.get(user);
  if (answers === undefined) latest.set(user, (answers = new Map()));
  const { publisher, phase, id } = operation;
  let publication = user.publications.get(id);
  if (publication === undefined) {
    publication = { first: operation, oks: [], invokes: 0, fails: 0, after: answers.get(publisher) };
    user.publications.set(id, publication);
  }
  if (phase === "invoke") publication.invokes++;
  else if (phase === "fail") publication.fails++;
  else if (phase === "ok") {
    publication.oks.push(operation);
    const before = answers.get(publisher)?.offset ?? ZERO_OFFSET;
    if (operation.offset !== undefined && laterOffset(before, operation.offset) !== before) {
      answers.set(publisher, operation);
    }
  }
}

function addArrival(user: UserEvidence, operation: ArrivalOperation): void {
  addAtDevice(user, operation).arrived.add(operation.id);
  const first = user.arrivals.get(operation.id);
  if (first === undefined || operation.atMs < first.atMs) user.arrivals.set(operation.id, operation);
}

function addAtDevice(user: UserEvidence, operation: DeviceOperation): Device {
  let device = user.devices.get(operation.device);
  if (device === undefined) {
    const { device: name, userId } = operation;
    device = { name, userId, operations: [], gaps: [], arrived: new Set(), applies: false, life: undefined };
    user.devices.set(name, device);
  }
  device.operations.push(operation);
  if (operation.op === "gap") device.gaps.push(operation);
  else if (operation.op === "connected") {
    device.life = operation.life;
    device.applies ||= operation.applies ?? false;
  } else if (operation.op === "disconnected" && operation.life === device.life) device.life = undefined;
  return device;
}

function addAcked(user: UserEvidence, operation: LogOperation | AckedOperation): void {
  user.acked = laterOffset(user.acked, operation.op === "log" ? operation.acked : operation.offset);
  if (operation.op === "log") user.log = operation;
  else user.acks.push(operation);
}
