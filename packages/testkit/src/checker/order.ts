/** Order: offsets grow along each journey, and from one acknowledged publish to the same publisher's next. */
import type { Journey } from "./journey.ts";
import { isAfter } from "./offset.ts";
import type { UserCase } from "./user-case.ts";
import type { Report } from "./verdict.ts";

/** Judges `order` along one journey. */
export function judgeJourneyOrder({ backward, device, view }: Journey, report: Report): void {
  for (const { operation, before } of backward) {
    const text = `${operation.id} at ${operation.offset} came to ${device.name} (${view}) behind its position`;
    report("order", text, [before, operation]);
  }
}

/** Judges `order` between the publishes of one publisher to one user: a later question gets a later place. */
export function judgePublishOrder({ user }: UserCase, report: Report): void {
  for (const { after, first, oks } of user.publications.values()) {
    const before = after?.offset;
    const answer = oks[0];
    if (before === undefined || answer?.offset === undefined || isAfter(answer.offset, before)) continue;
    const text = `${first.publisher} published ${first.n} after ${after?.n}, and it stands before it`;
    report("order", text, [after, first, answer]);
  }
}
