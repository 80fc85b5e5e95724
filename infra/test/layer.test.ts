import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Files planted into an empty workspace, and the rule that each has to break. */
const PLANTED: [file: string, text: string, rule: string][] = [
  ["packages/protocol/src/a.ts", 'import "../../store/src/index.ts";', "layer-protocol"],
  ["packages/client/src/a.ts", 'import "../../agent/src/index.ts";', "layer-client"],
  ["packages/store/src/a.ts", 'import "../../mailbox/src/index.ts";', "layer-store"],
  ["packages/agent/src/a.ts", 'import "../../../apps/gateway/src/b.ts";', "packages-below-apps"],
  ["apps/courier/src/a.ts", 'import "../../gateway/src/b.ts";', "apps-apart"],
  ["apps/courier/src/b.ts", 'import "../../../packages/store/src/deep.ts";', "no-deep-import"],
  ["apps/gateway/src/c.ts", 'import { Redis } from "ioredis"; new Redis();', "redis-in-store-only"],
  ["apps/gateway/src/d.ts", 'import "bullmq";', "bullmq-in-mailbox-only"],
  ["apps/courier/src/d.ts", 'import "@bull-board/api";', "bull-board-in-its-mount-only"],
  ["packages/agent/src/b.ts", 'import "socket.io";', "socket-server-in-gateway-only"],
  ["packages/protocol/src/b.ts", 'import "node:fs";', "browser-code-without-node"],
  ["packages/runtime/src/a.ts", 'import "./b.ts";', "no-cycle"],
  ["packages/runtime/src/c.ts", 'import "./gone.ts";', "no-unresolved"],
];

/** What the planted files import, and one file that breaks nothing. */
const SURROUNDINGS: [file: string, text: string][] = [
  ["packages/store/src/index.ts", "export const store = 1;"],
  ["packages/store/src/deep.ts", "export const deep = 1;"],
  ["packages/mailbox/src/index.ts", 'import "../../store/src/index.ts";'],
  ["packages/agent/src/index.ts", "export const agent = 1;"],
  ["packages/runtime/src/b.ts", 'import "./a.ts";'],
  ["apps/gateway/src/b.ts", "export const gateway = 1;"],
  ["apps/courier/src/board.ts", 'import "@bull-board/api";'],
  ...["ioredis", "bullmq", "socket.io", "@bull-board/api"].flatMap((name): [string, string][] => [
    [`node_modules/${name}/package.json`, `{"name":"${name}","version":"1.0.0","main":"index.js"}`],
    [`node_modules/${name}/index.js`, "exports.Redis = class {};"],
  ]),
];

interface Violation {
  readonly from: string;
  readonly rule: { readonly name: string };
}

describe("the layer check", () => {
  let folder = "";
  let violations: Violation[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "doorstep-layers-"));
    const files = [...SURROUNDINGS, ...PLANTED.map(([file, text]): [string, string] => [file, text])];
    for (const [file, text] of [...files, ["package.json", '{"type":"module"}'] as const]) {
      await mkdir(dirname(join(folder, file)), { recursive: true });
      await writeFile(join(folder, file), text);
    }
    const depcruise = join(ROOT, "node_modules/dependency-cruiser/bin/dependency-cruise.mjs");
    const args = [
      depcruise,
      "--config",
      join(ROOT, ".dependency-cruiser.cjs"),
      "--output-type",
      "json",
      "apps",
      "packages",
    ];
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: folder, maxBuffer: 2 ** 24 });
    violations = (JSON.parse(stdout) as { summary: { violations: Violation[] } }).summary.violations;
  }, 60_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.each(PLANTED)("bites %s (%s): %s", (file, _, rule) => {
    expect(violations.filter(({ from }) => from === file).map((violation) => violation.rule.name)).toContain(rule);
  });

  it("lets pass what crosses no line", () => {
    const innocent = /^(packages\/mailbox\/|apps\/courier\/src\/board\.ts$)/;
    expect(violations.filter(({ from }) => innocent.test(from))).toEqual([]);
  });
});
