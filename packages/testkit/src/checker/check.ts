/**
 * The checker: a pure function from the history of a fault run to a verdict.
 *
 * It sorts the history by user, follows each device through its user's log, and asks every rule. It knows nothing of the
 * hub but the history, and what the fault class declares as possible. A clean verdict over little evidence means little,
 * so the verdict says how much was looked at.
 */
import { judgeAckSafety } from "./ack-safety.ts";
import { type Bounds, judgeBounds } from "./bounded.ts";
import { judgeDuplicates } from "./duplicate.ts";
import { type Evidence, gatherEvidence, type Publication } from "./evidence.ts";
import type { GapReason, Operation, PublishOperation } from "./history.ts";
import { judgeHoles } from "./hole.ts";
import { judgeForeign, judgePhantoms, judgePlaces } from "./identity.ts";
import { judgeHealing, judgeLiveness } from "./liveness.ts";
import { judgeLoss } from "./loss.ts";
import { judgeJourneyOrder, judgePublishOrder } from "./order.ts";
import { isRefused, type Terms, UserCase } from "./user-case.ts";
import { createFindings, type Report, type Tally, type Verdict } from "./verdict.ts";

/** What the fault class declares, and where the limits are. */
export interface CheckOptions {
  /**
   * Reasons of gaps whose losses this fault class may cause: such a loss is counted and no finding, as long as every
   * device concerned was told. @default []
   */
  readonly declaredLosses?: readonly GapReason[];
  /**
   * Whether an acknowledged publish is to be judged as indeterminate (it may stand in the log or not, at most once),
   * such as one that no replica confirmed. @default () => false
   */
  readonly isIndeterminate?: (answer: PublishOperation) => boolean;
  /** Time for an event to reach a connected device once all is healed, in milliseconds. @default 10_000 */
  readonly catchUpMs?: number;
  readonly bounds?: Bounds;
  /** How many examples of each rule are kept. @default 5 */
  readonly maxExamples?: number;
}

/** Judges a history. */
export function check(history: readonly Operation[], options: CheckOptions = {}): Verdict {
  const { declaredLosses = [], isIndeterminate = () => false, catchUpMs = 10_000, maxExamples = 5 } = options;
  const { report, rules } = createFindings(maxExamples);
  const evidence = gatherEvidence(history);
  const terms: Terms = {
    declared: new Set(declaredLosses),
    isPromised: ({ oks }) => oks.some((answer) => !isIndeterminate(answer)),
  };
  const healedAtMs = judgeHealing(evidence.faults, report);
  judgeForeign(evidence, report);
  judgeBounds(evidence.samples, evidence.faults, options.bounds ?? {}, report);
  let declared = 0;
  for (const user of evidence.users.values()) {
    const userCase = new UserCase(user, terms);
    judgePhantoms(user, report);
    judgePlaces(user, terms, report);
    declared += judgeLoss(userCase, report);
    judgeAckSafety(userCase, report);
    judgeLiveness(userCase, healedAtMs, catchUpMs, report);
    judgePublishOrder(userCase, report);
    judgeJourneys(userCase, report);
  }
  return { rules, tally: { ...tallyOf(history, evidence), declaredLosses: declared } };
}

function judgeJourneys(userCase: UserCase, report: Report): void {
  for (const journey of userCase.journeys) {
    judgeJourneyOrder(journey, report);
    judgeDuplicates(journey, userCase.terms, report);
    judgeHoles(userCase, journey, report);
  }
}

function tallyOf(history: readonly Operation[], { users }: Evidence): Omit<Tally, "declaredLosses"> {
  const all = [...users.values()];
  const publications: Publication[] = all.flatMap((user) => Array.from(user.publications.values()));
  const devices = all.flatMap((user) => Array.from(user.devices.values()));
  const count = (op: Operation["op"]): number => history.filter((operation) => operation.op === op).length;
  const acknowledged = publications.filter(({ oks }) => oks.length > 0).length;
  const refused = publications.filter(isRefused).length;
  return {
    operations: history.length,
    users: users.size,
    devices: devices.length,
    liveDevices: devices.filter(({ life }) => life !== undefined).length,
    acknowledged,
    refused,
    indeterminate: publications.length - acknowledged - refused,
    received: count("received"),
    applied: count("applied"),
    gaps: count("gap"),
  };
}
