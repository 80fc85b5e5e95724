/** The settings of escalation, part of the courier's; docs/reference/config.md lists them. */
import { durationMs, field, list, secret, text, url } from "@doorstep/runtime";

import { DEFAULT_BACK_OFF } from "./back-off.ts";
import { parseRules, type Rule } from "./rule.ts";
import { readSecret } from "./signature.ts";

export const escalationSettings = {
  escalateAfterMs: durationMs({ min: 1 })
    .default(300_000)
    .describe("Milliseconds until an unacknowledged event escalates; held at half of it even if a socket is live."),
  escalationRules: field<readonly Rule[]>({
    expects: 'JSON such as [{ "types": ["agent_*"], "afterMs": 60000, "sinks": ["webhook"] }]',
    parse: (value) => {
      try {
        return parseRules(value);
      } catch {
        // The setting's own message shows the form; `npm run` and the docs have the rest.
        return undefined;
      }
    },
  })
    .optional()
    .describe("Rules by event type, the first that matches decides; what none matches escalates to every sink."),
  webhookUrl: url().optional().describe("Where undelivered events are told, signed; see the guide to webhooks."),
  webhookSecret: secret(list({ expects: "secrets of the form whsec_<24 to 64 bytes in base64>", item: readSecret }))
    .optional()
    .describe("Secrets that sign the webhook, all of them at once, so that they can be replaced."),
  webhookBackoffMs: durationMs({ min: 1, max: 3_600_000 })
    .default(DEFAULT_BACK_OFF.baseMs)
    .describe(
      "Milliseconds that the wait before a second attempt has at most; doubled for each further one, up to an hour.",
    ),
  webhookTimeoutMs: durationMs({ min: 100, max: 25_000 })
    .default(10_000)
    .describe("Milliseconds that one request may take as a whole."),
  webhookAllowPrivate: list({
    expects: "hosts, addresses or networks",
    item: (value) => value,
  })
    .optional()
    .describe("Hosts, addresses and networks (CIDR) that may be reached though they are private, and without TLS."),
  vapidPublicKey: text().optional().describe("Public key for Web Push, as browsers subscribed with it."),
  vapidPrivateKey: secret(text()).optional().describe("Private key for Web Push."),
  vapidSubject: text().optional().describe("`mailto:` or `https:` of somebody a push service can turn to."),
};
