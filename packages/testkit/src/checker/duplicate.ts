/**
 * Duplicate: an event handed to one application twice, or written twice on one connection.
 *
 * One repeat is no finding: after a declared failover the retry of a publish may stand at a new offset while the device
 * still got it at the old one. The device was told, by a gap that took it back.
 */
import type { Journey } from "./journey.ts";
import type { Terms } from "./user-case.ts";
import type { Report } from "./verdict.ts";

/** Judges `duplicateApplied` or `duplicateWire`, by the journey's view. */
export function judgeDuplicates({ repeats, device, view }: Journey, terms: Terms, report: Report): void {
  for (const { first, again, wentBack } of repeats) {
    if (view === "received") {
      const text = `${again.offset} was written twice to ${device.name} on connection ${again.life}`;
      report("duplicateWire", text, [first, again]);
    } else if (!(wentBack && first.offset !== again.offset && terms.declared.has("failover"))) {
      report("duplicateApplied", `${again.id} was handed to the application of ${device.name} twice`, [first, again]);
    }
  }
}
