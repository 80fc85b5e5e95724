/** What a client sees of troubles besides what is lost: repeats that its library drops, notices, connections. */
import type { Figure } from "@doorstep/testkit";

import type { Measurement } from "../stage.ts";

export function extraFigures({ load, tally }: Pick<Measurement, "load" | "tally">): Figure[] {
  return [
    { name: "repeated on the wire, dropped by the client library", value: tally.repeats, unit: "" },
    { name: "notices that something may be missing", value: tally.gaps, unit: "" },
    { name: "publishes refused or not answered", value: load.failed, unit: "" },
    { name: "handshakes refused, connections broken", value: tally.breaks, unit: "" },
  ];
}
