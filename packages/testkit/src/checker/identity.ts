/**
 * Identity: what arrives or is kept is what was published, for its user only, at one offset; and an offset means the
 * same event to everybody who looks: publishers' answers, devices, logs, parcels and dead letters.
 */
import type { Evidence, UserEvidence } from "./evidence.ts";
import type { ArrivalOperation, Operation, StoredEvent } from "./history.ts";
import type { Offset } from "./offset.ts";
import { isRefused, type Terms } from "./user-case.ts";
import type { Report } from "./verdict.ts";

/** Somebody saw an event at an offset. */
interface Sighting {
  readonly id: string;
  readonly offset: Offset;
  readonly operation: Operation;
}

/** Judges `crossUser`: arrivals whose payload names another user than the device's. */
export function judgeForeign({ foreign }: Evidence, report: Report): void {
  for (const operation of foreign) {
    const { id, forUser, device, userId } = operation;
    report("crossUser", `${id} of ${forUser} came to ${device} of ${userId}`, [operation]);
  }
}

/** Judges `phantom` of one user. */
export function judgePhantoms(user: UserEvidence, report: Report): void {
  const judge = ({ id }: { id: string }, operation: Operation): void => {
    const publication = user.publications.get(id);
    if (publication === undefined) report("phantom", `nobody published ${id} to ${user.userId}`, [operation]);
    else if (isRefused(publication)) report("phantom", `${id} was refused`, [publication.first, operation]);
  };
  for (const operation of arrivalsOf(user)) {
    judge(operation, operation);
    const first = user.publications.get(operation.id)?.first;
    if (first === undefined || (first.publisher === operation.publisher && first.n === operation.n)) continue;
    const text = `${operation.id} carries ${operation.publisher} ${operation.n} instead of ${first.publisher} ${first.n}`;
    report("phantom", text, [first, operation]);
  }
  for (const { event, operation } of storedOf(user)) judge(event, operation);
}

/** Judges `fork` (an offset with two ids) and `duplicateLog` (an id with two offsets) of one user. */
export function judgePlaces(user: UserEvidence, terms: Terms, report: Report): void {
  const byOffset = new Map<Offset, Sighting>();
  const byId = new Map<string, Sighting>();
  const conflicts = new Set<string>();
  const see = (sighting: Sighting, countsAsPlace: boolean): void => {
    const { id, offset, operation } = sighting;
    const other = byOffset.get(offset) ?? sighting;
    const place = byId.get(id) ?? sighting;
    byOffset.set(offset, other);
    if (countsAsPlace) byId.set(id, place);
    // A conflict is one finding, however many saw it.
    if ((other.id === id && (place.offset === offset || !countsAsPlace)) || conflicts.has(`${offset} ${id}`)) return;
    conflicts.add(`${offset} ${id}`);
    if (other.id !== id) {
      report("fork", `${offset} of ${user.userId} is ${other.id} and ${id}`, [other.operation, operation]);
    }
    if (countsAsPlace && place.offset !== offset) {
      const text = `${id} of ${user.userId} stands at ${place.offset} and ${offset}`;
      report("duplicateLog", text, [place.operation, operation]);
    }
  };
  for (const { oks } of user.publications.values()) {
    for (const ok of oks) if (ok.offset !== undefined) see({ id: ok.id, offset: ok.offset, operation: ok }, true);
  }
  for (const { event, operation } of storedOf(user)) see({ ...event, operation }, true);
  // A device may have seen a place that a declared failover took back before the publisher's retry.
  const canMove = terms.declared.has("failover");
  for (const operation of arrivalsOf(user)) {
    const { id, offset } = operation;
    if (offset !== undefined) see({ id, offset, operation }, !canMove);
  }
}

function* arrivalsOf({ devices }: UserEvidence): Generator<ArrivalOperation> {
  for (const { operations } of devices.values()) {
    for (const operation of operations) {
      if (operation.op === "received" || operation.op === "applied") yield operation;
    }
  }
}

function* storedOf({ log, kept }: UserEvidence): Generator<{ event: StoredEvent; operation: Operation }> {
  for (const event of log?.entries ?? []) yield { event, operation: log as Operation };
  for (const operation of kept) for (const event of operation.events) yield { event, operation };
}
