/**
 * Ack safety: what nobody acknowledged is not given up, and nobody acknowledges what no device got.
 *
 * An event that reached no device at all is the business of the loss rules. What a declared fault took back after it
 * had arrived is no finding where a device was told.
 */
import type { Operation } from "./history.ts";
import { isAfter, laterOffset, ZERO_OFFSET } from "./offset.ts";
import type { KnownEvent, UserCase } from "./user-case.ts";
import type { Report } from "./verdict.ts";

/** Judges `ackSafety` of one user. */
export function judgeAckSafety(userCase: UserCase, report: Report): void {
  judgeGivenUp(userCase, report);
  judgeSkipped(userCase, report);
  const { user, journeys } = userCase;
  const reach = journeys.map((journey) => journey.reach).reduce(laterOffset, ZERO_OFFSET);
  const judge = (offset: string, who: string, operation: Operation): void => {
    if (!isAfter(offset, reach)) return;
    const text = `${user.userId} acknowledged ${offset} ${who}, and its devices got no further than ${reach}`;
    report("ackSafety", text, [operation]);
  };
  for (const ack of user.acks) judge(ack.offset, `by ${ack.by}`, ack);
  if (user.log !== undefined) judge(user.log.acked, "in the end", user.log);
}

function judgeGivenUp(userCase: UserCase, report: Report): void {
  const { user, timeline } = userCase;
  for (const event of timeline.slice(userCase.indexAfter(user.acked))) {
    const { id, offset, publication } = event;
    const arrival = user.arrivals.get(id);
    if (arrival === undefined || publication?.first.delivery !== "durable" || !userCase.isPromised(publication))
      continue;
    if (userCase.isStored(id) || userCase.isDead(id) || isDeclared(userCase, event)) continue;
    const text = `${id} at ${offset} of ${user.userId} is not kept, and nobody acknowledged it (only ${user.acked})`;
    report("ackSafety", text, [publication.oks[0], arrival, user.log]);
  }
}

/** What was acknowledged in the end without having reached any device, though later events did. */
function judgeSkipped(userCase: UserCase, report: Report): void {
  const { user, journeys, timeline } = userCase;
  for (const event of timeline.slice(0, userCase.indexAfter(user.acked))) {
    const { id, offset, publication } = event;
    if (user.arrivals.has(id) || publication?.first.delivery !== "durable" || !userCase.isPromised(publication))
      continue;
    if (userCase.isDead(id) || userCase.tombstoneReason(event) !== undefined) continue;
    const isKnown = journeys.some(
      (journey) => userCase.isTold(journey.device, event) || userCase.isWaived(journey, event),
    );
    if (isKnown) continue;
    const text = `${id} at ${offset} of ${user.userId} is acknowledged (up to ${user.acked}), and no device got it`;
    report("ackSafety", text, [publication.oks[0], user.log]);
  }
}

function isDeclared(userCase: UserCase, event: KnownEvent): boolean {
  const { declared } = userCase.terms;
  const tombstone = userCase.tombstoneReason(event);
  if (tombstone !== undefined && declared.has(tombstone)) return true;
  const devices = [...userCase.user.devices.values()];
  return devices.some((device) => userCase.toldReasons(device, event).some((reason) => declared.has(reason)));
}
