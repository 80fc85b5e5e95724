/** The courier's settings; docs/reference/config.md lists them, and a test compares the two. */
import { z } from "zod";
import { DEFAULT_DEAD_LETTER_MAX_AGE_MS, DEFAULT_DEAD_LETTER_MAX_COUNT } from "@doorstep/mailbox";
import { commonConfig, durationMs, flag, integer, requireThat, secret, text } from "@doorstep/runtime";
import { DEFAULT_LIMITS } from "@doorstep/store";
import { escalationSettings } from "./escalation/config.ts";

const fields = z.object({
  ...commonConfig({ adminPort: 9091 }),
  graceMs: durationMs()
    .default(10_000)
    .describe("Milliseconds an event waits for its acknowledgement before it is held in a parcel."),
  sweepIntervalMs: durationMs({ min: 10 })
    .default(2_000)
    .describe("Milliseconds between two looks at the users whose events wait; the same for every courier."),
  pingIntervalMs: durationMs({ min: 100 })
    .default(25_000)
    .describe("Milliseconds between the gateways' pings; a live socket puts holding off by two of these."),
  ...escalationSettings,
  holdMs: durationMs({ min: 1 })
    .default(DEFAULT_LIMITS.holdMs)
    .describe("Milliseconds an event without an expiry of its own is held; then it is a dead letter."),
  deadLetterMaxAgeMs: durationMs({ min: 1_000, max: 365 * 24 * 3_600_000 })
    .default(DEFAULT_DEAD_LETTER_MAX_AGE_MS)
    .describe("Milliseconds a dead letter is kept; holds for those that are made from then on."),
  deadLetterMaxCount: integer({ min: 1, max: 10_000_000 })
    .default(DEFAULT_DEAD_LETTER_MAX_COUNT)
    .describe("Dead letters of the whole hub that are kept; the oldest go."),
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
  adminPassword: secret(text({ minLength: 12 }))
    .optional()
    .describe("Password of the user `admin` for /queues on the admin port. None: there is no such page."),
  boardWritable: flag()
    .default(false)
    .describe("Whether jobs can be changed on /queues. Removing a parcel's job loses its events."),
});

const withWebhook = requireThat(fields, {
  fields: ["webhookUrl", "webhookSecret"],
  holds: ({ webhookUrl, webhookSecret }) => (webhookUrl === undefined) === (webhookSecret === undefined),
  expects: "DOORSTEP_WEBHOOK_SECRET with it: what is told is signed",
});

export const configSchema = requireThat(withWebhook, {
  fields: ["vapidPublicKey", "vapidPrivateKey", "vapidSubject"],
  holds: ({ vapidPublicKey: key, vapidPrivateKey, vapidSubject }) =>
    (key === undefined) === (vapidPrivateKey === undefined) && (key === undefined) === (vapidSubject === undefined),
  expects: "DOORSTEP_VAPID_PRIVATE_KEY and DOORSTEP_VAPID_SUBJECT with it",
});

export type CourierConfig = Readonly<z.output<typeof configSchema>>;
