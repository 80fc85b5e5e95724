/**
 * Liveness: after the last heal every connected device reaches the head, and no event takes longer to it than allowed.
 *
 * An event's time runs from the last heal or from its acknowledgement, whichever is later; where the run itself had
 * closed the device's connection, from when it connected again.
 */
import type { FaultOperation } from "./history.ts";
import type { Journey } from "./journey.ts";
import { isAfter, ZERO_OFFSET } from "./offset.ts";
import type { UserCase } from "./user-case.ts";
import type { Report } from "./verdict.ts";

/** The time of the last heal, -Infinity without faults. Reports faults that never healed. */
export function judgeHealing(faults: readonly FaultOperation[], report: Report): number {
  const open = new Map<string, FaultOperation>();
  let healedAtMs = -Infinity;
  for (const fault of faults) {
    if (fault.phase === "begin") open.set(fault.name, fault);
    else {
      open.delete(fault.name);
      healedAtMs = Math.max(healedAtMs, fault.atMs);
    }
  }
  for (const fault of open.values()) report("liveness", `the fault ${fault.name} never healed`, [fault]);
  return healedAtMs;
}

/** Judges `liveness` of one user. */
export function judgeLiveness(userCase: UserCase, healedAtMs: number, catchUpMs: number, report: Report): void {
  for (const journey of userCase.liveJourneys()) {
    judgeHead(userCase, journey, report);
    for (const [id, { operation, awaitedFromMs }] of journey.receipts) {
      const answer = userCase.user.publications.get(id)?.oks[0];
      if (answer === undefined) continue;
      const lateMs = operation.atMs - Math.max(healedAtMs, answer.atMs, awaitedFromMs) - catchUpMs;
      if (lateMs <= 0) continue;
      const text = `${id} of ${userCase.user.userId} came to ${journey.device.name} ${lateMs} ms too late`;
      report("liveness", text, [answer, operation]);
    }
  }
}

function judgeHead({ user }: UserCase, { device, position }: Journey, report: Report): void {
  const { log } = user;
  if (log === undefined || !isAfter(log.head, position ?? ZERO_OFFSET)) return;
  const text = `${device.name} of ${user.userId} stands at ${position ?? "no offset"}, and the head is ${log.head}`;
  report("liveness", text, [device.operations.at(-1), log]);
}
