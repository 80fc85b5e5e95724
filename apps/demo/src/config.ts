/** Settings of the demo server; the local start and the compose file set them. */
import { fileURLToPath } from "node:url";
import { commonConfig, durationMs, hostAddress, list, portNumber, redisUrl, secret, text } from "@doorstep/runtime";
import { z } from "zod";

const REPOSITORY = fileURLToPath(new URL("../../..", import.meta.url));

// The demo has no admin port.
const { logLevel, shutdownTimeoutMs } = commonConfig({ adminPort: 0 });

export const schema = z.object({
  logLevel,
  shutdownTimeoutMs,
  redisUrl: redisUrl()
    .default("redis://127.0.0.1:6379")
    .describe("The Redis that all programs share: standalone, Sentinel or Cluster."),
  host: hostAddress().default("0.0.0.0").describe("Address to listen on."),
  port: portNumber().default(3_000).describe("Port of the page; 0 takes a free one."),
  jwtSecret: secret(text({ minLength: 32 })).describe("The gateways' secret for HS256 tokens, 32 characters or more."),
  jwtIssuer: text().optional().describe("`iss` of the tokens, where the gateways ask for one."),
  jwtAudience: text().optional().describe("`aud` of the tokens, where the gateways ask for one."),
  gatewayUrls: gatewayUrls()
    .default(["http://localhost:8081", "http://localhost:8082"])
    .describe("Addresses of the gateways as browsers reach them, separated by commas."),
  demoFolder: text().default(REPOSITORY).describe("Folder of text that the agent answers questions about."),
  graceMs: durationMs().default(10_000).describe("The courier's grace time, which the page tells its visitors."),
});

/** Reads http(s) addresses without a path. */
function gatewayUrls() {
  return list({
    expects: "http or https addresses",
    item: (text) => (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) ? new URL(text).origin : undefined),
  });
}
