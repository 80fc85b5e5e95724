import { parseEnv } from "node:util";

import { describe, expect, it } from "@jest/globals";
import { z } from "zod";

import { redisUrl } from "../src/common-config.ts";
import { list, secret, text } from "../src/config-field.ts";
import { loadConfig } from "../src/config.ts";
import { renderConfig, renderHelp } from "../src/config-text.ts";

const schema = z.object({
  redisUrl: redisUrl().default("redis://127.0.0.1:6379").describe("The Redis."),
  apiKeys: secret(list({ expects: "key:role", item: (pair) => pair.split(":") }))
    .default([])
    .describe("Keys."),
  title: text().describe("A title."),
  jwksUrl: text().optional().describe("Keys of tokens."),
});
const env = { REDIS_URL: "redis://u:hunter2@host", DOORSTEP_API_KEYS: "hunter2:read", DOORSTEP_TITLE: "a # b" };

describe("renderConfig", () => {
  const shown = renderConfig(schema, loadConfig({ schema, env }), env);

  it("writes each setting with its description and whether it is set", () => {
    expect(shown).toBe(
      [
        "# set: The Redis.\nREDIS_URL=redis://u:***@host\n",
        "# set: Keys.\nDOORSTEP_API_KEYS=***\n",
        '# set: A title.\nDOORSTEP_TITLE="a # b"\n',
        "# not set: Keys of tokens.\n# DOORSTEP_JWKS_URL=\n",
      ].join("\n"),
    );
  });

  it("marks defaults", () => {
    const bare = { DOORSTEP_TITLE: "x" };
    const text = renderConfig(schema, loadConfig({ schema, env: bare }), bare);
    expect(text).toContain("# default: The Redis.\nREDIS_URL=redis://127.0.0.1:6379\n");
    expect(text).toContain("# default: Keys.\nDOORSTEP_API_KEYS=\n");
  });

  it("is an environment file", () => {
    expect(parseEnv(shown)).toMatchObject({ REDIS_URL: "redis://u:***@host", DOORSTEP_TITLE: "a # b" });
  });

  it("shows no secret", () => {
    expect(shown).not.toContain("hunter2");
  });
});

describe("renderHelp", () => {
  it("lists every variable with default, description and what it expects", () => {
    const help = renderHelp("gateway", schema);
    expect(help).toMatch(/^doorstep gateway\n/);
    expect(help).toContain("REDIS_URL (default redis://127.0.0.1:6379)\n    The Redis.\n    Expects redis[s]://");
    expect(help).toContain("DOORSTEP_TITLE (required)\n");
    expect(help).toContain("DOORSTEP_JWKS_URL (optional)\n");
    expect(help).toContain("--print-config");
  });
});
