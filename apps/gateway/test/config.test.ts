import { describe, expect, it } from "@jest/globals";
import { ConfigError, loadConfig } from "@doorstep/runtime";
import { configSchema } from "../src/config.ts";

const SECRET = { DOORSTEP_JWT_SECRET: "a secret of 16 or more" };
const load = (env: Record<string, string>) => loadConfig({ schema: configSchema, env: { ...SECRET, ...env } });

/** What start would print; empty where the settings are usable. */
function problemsOf(env: Record<string, string>): string {
  try {
    loadConfig({ schema: configSchema, env });
    return "";
  } catch (error) {
    return error instanceof ConfigError ? error.problems.join("\n") : "no ConfigError";
  }
}

describe("the gateway's settings", () => {
  it("read keys with their roles, origins and limits", () => {
    const config = load({
      DOORSTEP_API_KEYS: "12345678:publish, with:colon:admin",
      DOORSTEP_ALLOWED_ORIGINS: "https://app.example,http://localhost:3000",
      DOORSTEP_MAILBOX_MAX_EVENTS: "5",
    });
    expect(config).toMatchObject({
      apiKeys: [
        { key: "12345678", role: "publish" },
        { key: "with:colon", role: "admin" },
      ],
      allowedOrigins: ["https://app.example", "http://localhost:3000"],
      mailboxMaxEvents: 5,
    });
  });

  it.each([
    ["no token setting", {}, "DOORSTEP_JWT_SECRET: not set"],
    ["both token settings", { ...SECRET, DOORSTEP_JWKS_URL: "https://id.example/keys" }, "not both"],
    ["a short secret", { DOORSTEP_JWT_SECRET: "short" }, "DOORSTEP_JWT_SECRET: found *** (5 characters)"],
    ["a short key", { ...SECRET, DOORSTEP_API_KEYS: "1234567:publish" }, "DOORSTEP_API_KEYS: found ***"],
    ["a key without a role", { ...SECRET, DOORSTEP_API_KEYS: "12345678" }, "DOORSTEP_API_KEYS"],
    ["an unknown role", { ...SECRET, DOORSTEP_API_KEYS: "12345678:root" }, "DOORSTEP_API_KEYS"],
    [
      "an origin with a path",
      { ...SECRET, DOORSTEP_ALLOWED_ORIGINS: "https://app.example/x" },
      "DOORSTEP_ALLOWED_ORIGINS",
    ],
    ["an origin without a scheme", { ...SECRET, DOORSTEP_ALLOWED_ORIGINS: "app.example" }, "DOORSTEP_ALLOWED_ORIGINS"],
    ["a size with a unit", { ...SECRET, DOORSTEP_MAX_PAYLOAD_BYTES: "64KiB" }, "DOORSTEP_MAX_PAYLOAD_BYTES"],
    ["a drain as long as the shutdown", { ...SECRET, DOORSTEP_DRAIN_MS: "30000" }, "more than DOORSTEP_DRAIN_MS"],
  ])("refuse %s", (_name, env, problem) => {
    expect(problemsOf(env)).toContain(problem);
  });
});
