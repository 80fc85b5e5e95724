/** The courier's settings; docs/reference/config.md lists them, and a test compares the two. */
import { z } from "zod";
import { commonConfig, durationMs, integer } from "@doorstep/runtime";
import { DEFAULT_LIMITS } from "@doorstep/store";

export const configSchema = z.object({
  ...commonConfig({ adminPort: 9091 }),
  graceMs: durationMs()
    .default(10_000)
    .describe("Milliseconds an event waits for its acknowledgement before it is held in a parcel."),
  sweepIntervalMs: durationMs({ min: 10 })
    .default(1_000)
    .describe("Milliseconds between two looks at the users whose events wait; the same for every courier."),
  pingIntervalMs: durationMs({ min: 100 })
    .default(25_000)
    .describe("Milliseconds between the gateways' pings; a live socket puts holding off by two of these."),
  escalateAfterMs: durationMs({ min: 1 })
    .default(300_000)
    .describe("Milliseconds until an unacknowledged event escalates; held at half of it even if a socket is live."),
  holdMs: durationMs({ min: 1 })
    .default(DEFAULT_LIMITS.holdMs)
    .describe("Milliseconds an event without an expiry of its own is held; then it is a dead letter."),
  stalledIntervalMs: durationMs({ min: 100 })
    .default(30_000)
    .describe(
      "Milliseconds between two searches for jobs that a killed courier left; they run again after one or two.",
    ),
  logMaxEvents: integer({ min: 1, max: 100_000 })
    .default(DEFAULT_LIMITS.logMaxEvents)
    .describe("Events a user's log keeps for devices that resume."),
  logMaxAgeMs: durationMs({ min: 1_000 })
    .default(DEFAULT_LIMITS.logMaxAgeMs)
    .describe("Milliseconds a user's log keeps events for devices that resume."),
  mailboxQueues: integer({ min: 1, max: 256 })
    .default(1)
    .describe("Number of mailbox queues; the same for every gateway and courier."),
});
