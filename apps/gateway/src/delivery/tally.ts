/**
 * Tally: what the path of a live event counts, as plain numbers. A labelled counter costs more than the decision it counts,
 * so the metrics get the numbers when somebody reads them.
 */
import { beforeReading } from "@doorstep/runtime";
import type { GatewayMetrics } from "../metric.ts";

/** One frame in so many is timed: a histogram takes as long as the rest of what is done for a frame. A power of two. */
const SAMPLED_FRAMES = 8;

export class Tally {
  /** Messages of users with sockets here, the events in them, frames written, and the events in those. */
  messages = 0;
  pushed = 0;
  frames = 0;
  delivered = 0;

  constructor(metrics: GatewayMetrics) {
    beforeReading(metrics.pushMessages, () => metrics.pushMessages.inc({ kind: "user" }, this.#take("messages")));
    beforeReading(metrics.pushed, () => metrics.pushed.inc(this.#take("pushed")));
    beforeReading(metrics.frames, () => metrics.frames.inc(this.#take("frames")));
    beforeReading(metrics.delivered, () => metrics.delivered.inc({ path: "live" }, this.#take("delivered")));
  }

  /** Whether the frame at hand is one to be timed; the first after each reading is. */
  get isSampled(): boolean {
    return (this.frames & (SAMPLED_FRAMES - 1)) === 0;
  }

  #take(name: "messages" | "pushed" | "frames" | "delivered"): number {
    const count = this[name];
    this[name] = 0;
    return count;
  }
}
