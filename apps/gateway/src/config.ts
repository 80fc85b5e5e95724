/** The gateway's settings; docs/reference/config.md lists them, and a test compares the two. */
import { z } from "zod";
import { DEFAULT_LIMITS, MAILBOX_POLICIES, MAX_REPLICA_TIMEOUT_MS } from "@doorstep/store";
import {
  bytes,
  commonConfig,
  durationMs,
  integer,
  list,
  oneOf,
  portNumber,
  requireThat,
  secret,
  text,
  url,
} from "@doorstep/runtime";

export type ApiRole = "publish" | "read" | "admin";

export interface ApiKey {
  readonly key: string;
  readonly role: ApiRole;
}

const ROLES: readonly ApiRole[] = ["publish", "read", "admin"];
const SHORTEST_SECRET = 16;

/** Reads `key:role`; a key has at least 8 characters. */
function parseApiKey(item: string): ApiKey | undefined {
  const colon = item.lastIndexOf(":");
  const role = ROLES.find((known) => known === item.slice(colon + 1));
  return colon >= 8 && role !== undefined ? { key: item.slice(0, colon), role } : undefined;
}

function parseOrigin(item: string): string | undefined {
  return item === "*" || (URL.canParse(item) && new URL(item).origin === item.replace(/\/$/, "")) ? item : undefined;
}

const fields = z.object({
  ...commonConfig({ adminPort: 9090 }),
  port: portNumber().default(8080).describe("Port for browsers and publishers; 0 takes a free one."),
  jwtSecret: secret(text({ minLength: SHORTEST_SECRET }))
    .optional()
    .describe("Secret that signs users' tokens (HS256). Either this or DOORSTEP_JWKS_URL."),
  jwksUrl: url().optional().describe("Where the public keys of users' tokens are (asymmetric algorithms)."),
  jwtIssuer: text().optional().describe("Issuer that tokens must name (iss)."),
  jwtAudience: text().optional().describe("Audience that tokens must name (aud)."),
  jwtClockToleranceS: integer({ max: 600 })
    .default(30)
    .describe("Seconds by which clocks may differ when a token ends."),
  apiKeys: secret(
    list({ expects: "key:publish, key:read or key:admin with keys of 8 or more characters", item: parseApiKey }),
  )
    .default([])
    .describe("Keys for the HTTP API, each with its role. None: the API refuses everybody."),
  allowedOrigins: list({ expects: "origins such as https://app.example, or *", item: parseOrigin })
    .default([])
    .describe("Pages that may connect. None: only pages of the gateway's own host."),
  pingIntervalMs: durationMs({ min: 100 })
    .default(25_000)
    .describe(
      "Milliseconds between pings, the first at a random moment within; a pong acknowledges what was written before. Where much was written a ping comes early.",
    ),
  pingTimeoutMs: durationMs({ min: 100 })
    .default(20_000)
    .describe("Milliseconds to wait for a pong before a socket is given up."),
  headCheckMs: durationMs({ min: 50 })
    .default(5_000)
    .describe(
      "Milliseconds between comparisons of local offsets with the logs' heads; most users pushed to within the last second are passed over.",
    ),
  socketBudgetBytes: bytes({ min: 16_384 })
    .default(1_048_576)
    .describe("Unsent bytes above which a socket leaves live push and catches up."),
  stuckMs: durationMs({ min: 100 })
    .default(30_000)
    .describe("Milliseconds a socket may stay above its budget before it is closed."),
  maxLagMs: durationMs({ min: 0 })
    .default(200)
    .describe(
      "Delay of the event loop (99th percentile of half a second) above which no handshake is admitted; 0 never.",
    ),
  handshakeWaitMs: durationMs({ min: 0 })
    .default(10_000)
    .describe("Milliseconds a handshake may wait to be admitted before it is refused; 0 refuses at once."),
  gatewayLeaseMs: durationMs({ min: 500 })
    .default(15_000)
    .describe("Milliseconds a gateway's lease lives; renewed three times as often."),
  drainMs: durationMs({ min: 0 })
    .default(20_000)
    .describe("Milliseconds over which sockets are asked to leave after SIGTERM."),
  logMaxEvents: integer({ min: 1, max: 100_000 })
    .default(DEFAULT_LIMITS.logMaxEvents)
    .describe("Events a user's log keeps for devices that resume."),
  logMaxAgeMs: durationMs({ min: 1_000 })
    .default(DEFAULT_LIMITS.logMaxAgeMs)
    .describe("Milliseconds a user's log keeps events for devices that resume."),
  mailboxMaxEvents: integer({ min: 1, max: 1_000_000 })
    .default(DEFAULT_LIMITS.mailboxMaxEvents)
    .describe("Most undelivered events of a user."),
  mailboxMaxBytes: bytes({ min: 1_024 })
    .default(DEFAULT_LIMITS.mailboxMaxBytes)
    .describe("Most undelivered bytes of a user."),
  mailboxPolicy: oneOf(MAILBOX_POLICIES)
    .default(DEFAULT_LIMITS.mailboxPolicy)
    .describe(
      "`reject`: a publish to a full mailbox is refused; `drop_oldest`: its oldest events go, and the user is told.",
    ),
  maxPayloadBytes: bytes({ min: 256, max: 1_048_576 })
    .default(DEFAULT_LIMITS.maxPayloadBytes)
    .describe("Most bytes of one event."),
  holdMs: durationMs({ min: 1 })
    .default(DEFAULT_LIMITS.holdMs)
    .describe("Milliseconds an event without an expiry of its own is held; then it is a dead letter."),
  minReplicas: integer({ min: 1, max: 16 })
    .default(DEFAULT_LIMITS.minReplicas)
    .describe("Replicas that have to have an event published with durability replicated."),
  replicaTimeoutMs: durationMs({ min: 1, max: MAX_REPLICA_TIMEOUT_MS })
    .default(DEFAULT_LIMITS.replicaTimeoutMs)
    .describe("Milliseconds such a publish waits for the replicas."),
  mailboxQueues: integer({ min: 1, max: 256 })
    .default(1)
    .describe("Number of mailbox queues; the same for every gateway and courier."),
});

const withToken = requireThat(fields, {
  fields: ["jwtSecret", "jwksUrl"],
  holds: ({ jwtSecret, jwksUrl }) => (jwtSecret === undefined) !== (jwksUrl === undefined),
  expects: "either it or DOORSTEP_JWKS_URL, not both",
});

export const configSchema = requireThat(withToken, {
  fields: ["shutdownTimeoutMs", "drainMs"],
  holds: ({ shutdownTimeoutMs, drainMs }) => shutdownTimeoutMs > drainMs,
  expects: "more than DOORSTEP_DRAIN_MS",
});

export type GatewayConfig = Readonly<z.output<typeof configSchema>>;
