/**
 * Hole: between two positions of a device lies an event that did not come, and no gap said that it would not.
 *
 * What may be missing without a word: events of the class `stream` that retention removed, and before a device's first
 * arrival what another device had got by then and the user acknowledged.
 */
import { isAfter, ZERO_OFFSET } from "./offset.ts";
import type { Journey, Leap } from "./journey.ts";
import type { KnownEvent, UserCase } from "./user-case.ts";
import type { Report } from "./verdict.ts";

/** Judges `hole` along one journey. */
export function judgeHoles(userCase: UserCase, journey: Journey, report: Report): void {
  const { timeline } = userCase;
  // What came too late is out of order, not missing.
  const late = new Set(journey.backward.map(({ operation }) => operation.id));
  for (const leap of journey.leaps) {
    const { op } = leap.operation;
    const last = userCase.indexAfter(leap.to);
    const isArrival = op === "received" || op === "applied";
    for (let index = userCase.indexAfter(leap.from); index < last; index++) {
      const event = timeline[index];
      if (event === undefined || (isArrival && event.offset === leap.to)) continue;
      if (late.has(event.id) || isExcused(userCase, journey, leap, event)) continue;
      const where = `between ${leap.from} and ${leap.to} at ${journey.device.name} (${journey.view})`;
      report("hole", `${event.id} at ${event.offset} of ${userCase.user.userId} is missing ${where}`, [
        event.publication?.oks[0],
        leap.before,
        leap.operation,
      ]);
    }
  }
}

function isExcused(userCase: UserCase, journey: Journey, leap: Leap, event: KnownEvent): boolean {
  const { id, offset, publication } = event;
  // An application gets an event once, at any time; and what a device presents it may have from any connection.
  if (journey.view === "applied" && journey.receipts.has(id)) return true;
  if (leap.operation.op === "connected" && journey.view === "received" && journey.device.arrived.has(id)) return true;
  const trimmed = userCase.user.log?.trimmed ?? ZERO_OFFSET;
  if (publication?.first.delivery === "stream" && !isAfter(offset, trimmed)) return true;
  if (leap.isOpen && userCase.mayBeginBehind(event, leap.operation.atMs)) return true;
  // A failover may have taken back what was there when the device asked for what comes from now on.
  if (userCase.wasKnown(event, leap.fromNowMs)) return true;
  if (leap.operation.atMs >= journey.waivedUntilMs && userCase.isWaived(journey, event)) return true;
  return userCase.isTold(journey.device, event);
}
