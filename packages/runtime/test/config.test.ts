import { describe, expect, it } from "@jest/globals";
import { z } from "zod";

import { flag, integer, list, oneOf, secret, text } from "../src/config-field.ts";
import { redisUrl } from "../src/common-config.ts";
import { ConfigError, describeConfig, envName, loadConfig, requireThat } from "../src/config.ts";
import type { ConfigSchema, Environment } from "../src/config.ts";

const fields = z.object({
  port: integer({ max: 65_535 }).default(8080).describe("Port to serve on."),
  redisUrl: redisUrl().default("redis://127.0.0.1:6379").describe("The Redis."),
  pingTimeoutMs: integer().default(20_000).describe("Wait for a pong."),
  stuckMs: integer().default(30_000).describe("Close after."),
  jwtSecret: secret(text({ minLength: 8 }))
    .optional()
    .describe("Key of tokens."),
  jwksUrl: text().optional().describe("Keys of tokens."),
  origins: list({ expects: "origins", item: (origin) => origin })
    .default([])
    .describe("Who may connect."),
  compress: flag().default(false).describe("Compress."),
});
const schema = requireThat(
  requireThat(fields, {
    fields: ["jwtSecret", "jwksUrl"],
    holds: ({ jwtSecret, jwksUrl }) => (jwtSecret ?? jwksUrl) !== undefined,
    expects: "it or DOORSTEP_JWKS_URL",
  }),
  {
    fields: ["pingTimeoutMs", "stuckMs"],
    holds: ({ pingTimeoutMs, stuckMs }) => pingTimeoutMs < stuckMs,
    expects: "less than DOORSTEP_STUCK_MS",
  },
);
const SECRET = { DOORSTEP_JWT_SECRET: "hunter2hunter2" };

function problemsOf(env: Environment, of: ConfigSchema = schema): readonly string[] {
  try {
    loadConfig({ schema: of, env });
  } catch (err) {
    if (err instanceof ConfigError) return err.problems;
    throw err;
  }
  return [];
}

describe("envName", () => {
  it("derives names from fields, conventional ones without prefix", () => {
    expect(["maxPayloadBytes", "jwtClockToleranceS", "port", "host", "redisUrl", "adminPort"].map(envName)).toEqual([
      "DOORSTEP_MAX_PAYLOAD_BYTES",
      "DOORSTEP_JWT_CLOCK_TOLERANCE_S",
      "PORT",
      "HOST",
      "REDIS_URL",
      "DOORSTEP_ADMIN_PORT",
    ]);
  });
});

describe("loadConfig", () => {
  it("reads what is set and fills in defaults", () => {
    const env = {
      ...SECRET,
      PORT: "0",
      DOORSTEP_ORIGINS: "https://a, https://b",
      DOORSTEP_COMPRESS: "1",
      PATH: "/bin",
    };
    expect(loadConfig({ schema, env })).toEqual({
      port: 0,
      redisUrl: "redis://127.0.0.1:6379",
      pingTimeoutMs: 20_000,
      stuckMs: 30_000,
      jwtSecret: "hunter2hunter2",
      origins: ["https://a", "https://b"],
      compress: true,
    });
  });

  it("takes an empty value as not set", () => {
    expect(loadConfig({ schema, env: { ...SECRET, PORT: "" } }).port).toBe(8080);
  });

  it("freezes the result all through", () => {
    const config = loadConfig({ schema, env: SECRET });
    expect(Object.isFrozen(config)).toBe(true);
    expect(Object.isFrozen(config.origins)).toBe(true);
  });

  it("tells every problem at once, a line each, with what was found and what is expected", () => {
    const env = {
      PORT: "99999",
      REDIS_URL: "http://host",
      DOORSTEP_STUCK_MS: "5",
      DOORSTEP_COMPRESS: "maybe",
    };
    expect(problemsOf(env)).toEqual([
      'PORT: found "99999", expected a whole number from 0 to 65535',
      'REDIS_URL: found "http://host", expected redis[s]://host:port, redis[s]+sentinel://host:port,.../name or redis[s]+cluster://host:port,...',
      'DOORSTEP_COMPRESS: found "maybe", expected true or false',
      "DOORSTEP_JWT_SECRET: not set, expected it or DOORSTEP_JWKS_URL",
      "DOORSTEP_PING_TIMEOUT_MS: not set (default 20000), expected less than DOORSTEP_STUCK_MS",
    ]);
  });

  it("carries all problems in the error's message", () => {
    expect(() => loadConfig({ schema, env: { PORT: "x" } })).toThrow(
      /not usable:\n {2}PORT: .*\n {2}DOORSTEP_JWT_SECRET: /,
    );
  });

  it("leaves a rule out whose fields are not usable", () => {
    expect(problemsOf({ ...SECRET, DOORSTEP_STUCK_MS: "x" })).toEqual([
      'DOORSTEP_STUCK_MS: found "x", expected a whole number of 0 or more',
    ]);
  });

  it("tells a rule without field too", () => {
    const odd = z.object({ port: fields.shape.port }).refine(() => false, "a better world");
    expect(problemsOf({}, odd)).toEqual(["expected a better world"]);
  });

  it("names a required setting that is not set", () => {
    const strict = z.object({ level: oneOf(["a", "b"]).describe("Level.") });
    expect(problemsOf({}, strict)).toEqual(["DOORSTEP_LEVEL: not set, expected one of a, b"]);
  });

  it("never shows a secret or the password of a URL", () => {
    const env = { DOORSTEP_JWT_SECRET: "hunter2", REDIS_URL: `redis://u:${"hunter2".repeat(60)}@` };
    const [redis, jwt] = problemsOf(env);
    expect(redis).toMatch(/^REDIS_URL: found "redis:\/\/u:\*\*\*@", /);
    expect(jwt).toMatch(/^DOORSTEP_JWT_SECRET: found \*\*\* \(7 characters\), expected 8 to /);
  });

  it("keeps a problem on one short line whatever was found", () => {
    const [line = ""] = problemsOf({ ...SECRET, PORT: `1\n\u001b[31m${"x".repeat(1000)}` });
    expect(line.length).toBeLessThan(300);
    expect(line).toContain(String.raw`1\n\u001b[31mxxx`);
  });

  it("accepts the settings of other programs, which share the environment", () => {
    expect(loadConfig({ schema, env: { ...SECRET, DOORSTEP_GRACE_MS: "1" } }).port).toBe(8080);
  });
});

describe("describeConfig", () => {
  it("lists the settings with name, default, description and secrecy", () => {
    const rows = describeConfig(schema);
    expect(rows.map(({ env }) => env)).toEqual(Object.keys(schema.shape).map(envName));
    expect(rows[0]).toEqual({
      field: "port",
      env: "PORT",
      default: "8080",
      required: false,
      description: "Port to serve on.",
      expects: "a whole number from 0 to 65535",
      secret: false,
    });
    expect(rows.filter((row) => row.secret).map(({ env }) => env)).toEqual(["DOORSTEP_JWT_SECRET"]);
  });

  it("tells required from optional", () => {
    const both = z.object({ a: text().describe("A."), b: text().optional().describe("B.") });
    expect(describeConfig(both).map((row) => row.required)).toEqual([true, false]);
  });

  it("refuses a setting without description", () => {
    expect(() => describeConfig(z.object({ a: text() }))).toThrow("setting a needs a description");
  });
});
