import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { describeConfig } from "@doorstep/runtime";
import { parse } from "yaml";
import { configSchema as courierSchema } from "../../apps/courier/src/config.ts";
import { schema as demoSchema } from "../../apps/demo/src/config.ts";
import { configSchema as gatewaySchema } from "../../apps/gateway/src/config.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** Settings of Node itself. */
const OF_NODE = new Set(["NODE_ENV", "NODE_OPTIONS"]);

const SETTINGS: Record<string, readonly string[]> = {
  gateway: describeConfig(gatewaySchema).map(({ env }) => env),
  courier: describeConfig(courierSchema).map(({ env }) => env),
  demo: describeConfig(demoSchema).map(({ env }) => env),
};
const ALL = new Set(Object.values(SETTINGS).flat());

/** The settings that a program does not have. */
function strangers(program: string, names: readonly string[]): string[] {
  return names.filter((name) => !OF_NODE.has(name) && SETTINGS[program]?.includes(name) !== true);
}

/** The DOORSTEP_ names in a text that no program has. */
function unknownIn(text: string): string[] {
  return [...new Set(text.match(/\bDOORSTEP_[A-Z0-9_]*[A-Z0-9]\b/g))].filter((name) => !ALL.has(name));
}

interface Service {
  readonly build?: { readonly target: string };
  readonly environment?: Record<string, string>;
}

describe("settings in deployment files", () => {
  let services: Record<string, Service> = {};
  let texts: [file: string, text: string][] = [];

  beforeAll(async () => {
    const compose = await readFile(`${ROOT}docker-compose.yml`, "utf8");
    services = (parse(compose, { merge: true }) as { services: Record<string, Service> }).services;
    const entries = await readdir(`${ROOT}infra`, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile() && !entry.parentPath.includes("/test"));
    const paths = files.map(({ parentPath, name }) => `${parentPath}/${name}`);
    texts = await Promise.all(
      paths.map(async (path): Promise<[string, string]> => [path, await readFile(path, "utf8")]),
    );
    texts.push(["docker-compose.yml", compose]);
  });

  it("are ones that the service's program has", () => {
    const ours = Object.entries(services).filter(([, { build }]) => build !== undefined);
    expect(ours.map(([name]) => name)).toEqual(["gateway-1", "gateway-2", "courier", "demo"]);
    for (const [, { build, environment = {} }] of ours) {
      expect(strangers(build?.target ?? "", Object.keys(environment))).toEqual([]);
    }
  });

  it("have names that some program knows, wherever they stand", () => {
    expect(texts.flatMap(([file, text]) => unknownIn(text).map((name) => `${file}: ${name}`))).toEqual([]);
  });

  it("would be told where one is misspelt or another program's", () => {
    expect(strangers("gateway", ["PORT", "DOORSTEP_DRAINS_MS", "NODE_ENV"])).toEqual(["DOORSTEP_DRAINS_MS"]);
    expect(strangers("courier", ["DOORSTEP_JWT_SECRET"])).toEqual(["DOORSTEP_JWT_SECRET"]);
    expect(unknownIn("- name: DOORSTEP_PING_MS")).toEqual(["DOORSTEP_PING_MS"]);
  });
});
