/**
 * Loss: acknowledged durable events that are neither kept nor delivered, told and untold; and gaps that were not needed.
 *
 * An event counts once, by the worst of the devices that miss it. Where no connected device is concerned, it must have
 * reached some device of the user. What the user acknowledged on one device may be missing, told, on another: that is
 * retention, no loss.
 */
import type { Device } from "./evidence.ts";
import type { GapOperation, GapReason } from "./history.ts";
import type { Journey } from "./journey.ts";
import type { KnownEvent, UserCase } from "./user-case.ts";
import type { Report } from "./verdict.ts";

/** Judges `lostSilent`, `lostTold` and `needlessGap`; returns how many told losses were declared. */
export function judgeLoss(userCase: UserCase, report: Report): number {
  const live = userCase.liveJourneys();
  let declaredLosses = 0;
  for (const [id, publication] of userCase.user.publications) {
    if (publication.first.delivery !== "durable" || !userCase.isPromised(publication)) continue;
    const [answer] = publication.oks;
    if (answer?.offset === undefined) {
      report("lostSilent", `${id} was acknowledged without an offset`, [answer]);
      continue;
    }
    const event: KnownEvent = { id, offset: answer.offset, publication };
    const name = `${id} at ${answer.offset} of ${userCase.user.userId}`;
    if (userCase.isDead(id)) continue;
    if (userCase.isStored(id)) {
      judgeGaps(userCase, event, live, (text, gaps) => report("needlessGap", `${name}: ${text}`, [answer, ...gaps]));
      continue;
    }
    const loss = findLoss(userCase, event, live);
    if (loss === undefined) continue;
    if (loss.kind === "declared") declaredLosses++;
    else report(loss.kind, `${name}: ${loss.text}`, [answer, ...loss.gaps]);
  }
  return declaredLosses;
}

type Loss =
  | { readonly kind: "lostSilent" | "lostTold"; readonly text: string; readonly gaps: readonly GapOperation[] }
  | { readonly kind: "declared" };

/** What became of an event that nobody keeps any more; undefined where it was delivered. */
function findLoss(userCase: UserCase, event: KnownEvent, live: readonly Journey[]): Loss | undefined {
  const missing = live.filter((journey) => isMissing(userCase, event, journey)).map(({ device }) => device);
  if (missing.length === 0 && userCase.user.arrivals.has(event.id)) return undefined;
  const untold = missing.find((device) => !userCase.isTold(device, event));
  if (untold !== undefined) {
    const text = `it did not reach ${untold.name}, is not kept, and no gap covers it`;
    return { kind: "lostSilent", text, gaps: someGaps([untold]) };
  }
  // Where no connected device is concerned, any of the user's may know, or will be told when it comes back.
  const concerned = missing.length > 0 ? missing : [...userCase.user.devices.values()];
  const told = concerned.map((device) => userCase.toldReasons(device, event)).filter((reasons) => reasons.length > 0);
  const tombstone = userCase.tombstoneReason(event);
  if (told.length === 0 && tombstone !== undefined) told.push([tombstone]);
  if (told.length === 0) return { kind: "lostSilent", text: "no device got it and it is not kept", gaps: [] };
  if (userCase.isSettled(event)) return undefined;
  const undeclared = told.find((reasons) => !isDeclared(userCase, reasons));
  if (undeclared === undefined) return { kind: "declared" };
  return { kind: "lostTold", text: `it is lost, told with reason ${undeclared.join(", ")}`, gaps: someGaps(concerned) };
}

/** Whether a connected device should have got the event and did not. */
function isMissing(userCase: UserCase, event: KnownEvent, journey: Journey): boolean {
  if (journey.receipts.has(event.id) || userCase.isWaived(journey, event)) return false;
  return !(journey.open.has(event.offset) && userCase.mayBeginBehind(event, Infinity));
}

/** A connected device that was told that a kept event will not come was told too much. */
function judgeGaps(
  userCase: UserCase,
  event: KnownEvent,
  live: readonly Journey[],
  report: (text: string, gaps: readonly GapOperation[]) => void,
): void {
  for (const { device, receipts } of live) {
    if (device.gaps.length === 0 || receipts.has(event.id)) continue;
    const reasons = userCase.toldReasons(device, event);
    if (reasons.length === 0 || isDeclared(userCase, reasons)) continue;
    report(`${device.name} was told that it is gone (${reasons.join(", ")}), and it is there`, someGaps([device]));
    return;
  }
}

function isDeclared({ terms }: UserCase, reasons: readonly GapReason[]): boolean {
  return reasons.some((reason) => terms.declared.has(reason));
}

function someGaps(devices: readonly Device[]): GapOperation[] {
  return devices.flatMap(({ gaps }) => gaps.slice(0, 2)).slice(0, 4);
}
