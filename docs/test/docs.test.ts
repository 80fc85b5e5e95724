/** The documentation agrees with the repository: links, cited tests, names, code, tables. Each check is seen to bite. */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";
import { decodeEvents } from "@doorstep/protocol";
import { TABLE } from "../../apps/gateway/src/delivery/delivery-state.ts";
import {
  citationProblems,
  codeProblems,
  knownNames,
  linkProblems,
  mentionProblems,
  nameProblems,
  type Repository,
  toneProblems,
} from "./support/check.ts";
import { codeBlocks, tableAfter } from "./support/markdown.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const IGNORED = new Set(["node_modules", "dist", "coverage", "reports"]);
const TEXT = /\.(?:md|ts|tsx|lua|json|ya?ml)$|\/(?:Dockerfile|LICENSE)$/;

function* walk(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (IGNORED.has(entry.name) || entry.name.startsWith(".")) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* walk(path);
    else yield path;
  }
}

function readRepository(): Repository {
  const files = [...walk(ROOT)].map((path) => relative(ROOT, path).split(sep).join("/"));
  return new Map(files.map((path) => [path, TEXT.test(`/${path}`) ? readFileSync(join(ROOT, path), "utf8") : ""]));
}

const repository = readRepository();
const known = knownNames(repository);
const pages = [...repository.keys()].filter(
  (path) => ["README.md", "ARCHITECTURE.md", "PROTOCOL.md"].includes(path) || /^docs\/.+\.md$/.test(path),
);
/** Pages that name what a later version will have, or another system had. */
const isDecision = (page: string): boolean => page.startsWith("docs/decisions/");

/** The repository with one page replaced or added. */
function planted(page: string, text: string): Repository {
  return new Map([...repository, [page, text]]);
}

/** PROTOCOL.md with one piece of text replaced; throws where it is not there, so that no check passes by mistake. */
function brokenProtocol(from: string | RegExp, to: string): Repository {
  const text = repository.get("PROTOCOL.md") ?? "";
  const broken = text.replace(from, to);
  if (broken === text) throw new Error(`nothing to break: ${from.toString()}`);
  return planted("PROTOCOL.md", broken);
}

/** The rows that PROTOCOL section 5 has to have: signal, then phase and action for each phase. */
function deliveryRows(): string[][] {
  return Object.keys(TABLE.live).map((signal) => {
    const steps = Object.values(TABLE).map((row) => row[signal as keyof typeof row]);
    const cells = steps.map(({ phase, action }) => (action === "none" ? phase : `${phase}, ${action}`));
    return [signal].concat(cells);
  });
}

describe("the documentation", () => {
  it("has the pages that the index promises", () => {
    expect(pages).toEqual(
      expect.arrayContaining(["ARCHITECTURE.md", "PROTOCOL.md", "docs/README.md", "docs/guide/getting-started.md"]),
    );
    const index = repository.get("docs/README.md") ?? "";
    const missing = pages
      .filter((page) => page.startsWith("docs/") && !isDecision(page) && page !== "docs/README.md")
      .filter((page) => !index.includes(`(${page.slice("docs/".length)}`));
    expect(missing).toEqual([]);
  });

  it("links to files and headings that exist", () => {
    expect(pages.flatMap((page) => linkProblems(repository, page))).toEqual([]);
  });

  it("finds a link to a missing file, a missing heading, and a heading of another page", () => {
    const text = "[a](missing.md) [b](#nowhere) [c](../PROTOCOL.md#nowhere) [d](../PROTOCOL.md#8-redis) `[e](no.md)`";
    expect(linkProblems(planted("docs/x.md", text), "docs/x.md")).toEqual([
      "docs/x.md: missing.md does not exist",
      "docs/x.md: docs/x.md has no heading #nowhere",
      "docs/x.md: PROTOCOL.md has no heading #nowhere",
    ]);
  });

  it("names a test that exists for each of P1 to P10", () => {
    expect(citationProblems(repository, "PROTOCOL.md")).toEqual([]);
  });

  it("finds a promise without a test, a missing promise, and a title or file that is not there", () => {
    const problems = (copy: Repository): string[] => citationProblems(copy, "PROTOCOL.md");
    expect(problems(brokenProtocol(/^Test: .* - P/m, "Test: packages/store/test/none.test.ts - P"))).toHaveLength(1);
    expect(problems(brokenProtocol(/^(Test: .* - P.*)$/m, "$1 nevermore"))).toHaveLength(1);
    expect(problems(brokenProtocol(/^(Test: .* - P\d+ \w+).*$/m, "$1"))).toHaveLength(1);
    expect(problems(brokenProtocol(/^Test: (.*) - P/m, "Test: see below"))).toHaveLength(1);
    expect(problems(brokenProtocol("### P7.", "### 7."))).toEqual([
      "PROTOCOL.md: the promises are P1,P2,P3,P4,P5,P6,P8,P9,P10",
    ]);
    expect(problems(brokenProtocol(/(### P9\.[^#]*?)^Test: [^#]*/m, "$1"))).toEqual(["PROTOCOL.md: P9 names no test"]);
  });

  it("names only settings, metrics and codes that the sources have", () => {
    expect(pages.flatMap((page) => nameProblems(repository, known, page))).toEqual([]);
  });

  it("finds a misspelt setting, metric and code", () => {
    const text =
      "DOORSTEP_GRACE_MS DOORSTEP_STUK_MS `doorstep_gaps_total` doorstep_gap_total doorstep_publish_to_ack_seconds_bucket `MAILBOX_FULL` `MAILBOX_FUL`";
    expect(nameProblems(planted("docs/x.md", text), known, "docs/x.md")).toEqual([
      "docs/x.md: nothing in the sources is called DOORSTEP_STUK_MS",
      "docs/x.md: nothing in the sources is called doorstep_gap_total",
      "docs/x.md: nothing in the sources is called MAILBOX_FUL",
    ]);
  });

  it("names files, functions, classes and methods that exist", () => {
    const checked = pages.filter((page) => !isDecision(page));
    expect(checked.flatMap((page) => mentionProblems(repository, known, page))).toEqual([]);
  });

  it("finds a file, a function, a class and a method that are not there", () => {
    const text =
      "`packages/store/lua` `packages/store/luna` `hub.ts` `hubb.ts` `buildFrame()` `buildFram()` `Hub.push` `Hub.pushh` `HeadCheck` `HeadChek`";
    expect(mentionProblems(planted("docs/x.md", text), known, "docs/x.md")).toEqual([
      "docs/x.md: packages/store/luna does not exist",
      "docs/x.md: no file is called hubb.ts",
      "docs/x.md: nothing in the sources is called buildFram (buildFram())",
      "docs/x.md: nothing in the sources is called pushh (Hub.pushh)",
      "docs/x.md: nothing in the sources is called HeadChek (HeadChek)",
    ]);
  });

  it("has TypeScript and JSON that parse", () => {
    expect(pages.flatMap((page) => codeProblems(repository, page))).toEqual([]);
    expect(pages.flatMap((page) => codeBlocks(repository.get(page) ?? "")).length).toBeGreaterThan(10);
  });

  it("finds TypeScript and JSON that do not parse", () => {
    const text = "```ts\nconst a = ;\n```\n\n```json\n{ a: 1 }\n```\n\n```ts\nconst b: number = 1;\n```\n";
    expect(codeProblems(planted("docs/x.md", text), "docs/x.md")).toHaveLength(2);
  });

  it("speaks plainly", () => {
    expect(pages.filter((page) => !isDecision(page)).flatMap((page) => toneProblems(repository, page))).toEqual([]);
    expect(
      toneProblems(planted("docs/x.md", "Simply do it, it is easy; the adjusted rest is not."), "docs/x.md"),
    ).toEqual(['docs/x.md: "Simply"', 'docs/x.md: "easy"']);
  });
});

describe("PROTOCOL.md", () => {
  const protocol = repository.get("PROTOCOL.md") ?? "";

  it("has the delivery table of the code", () => {
    const rows = tableAfter(protocol, "## 5. Delivery to one socket").map(([signal = "", , ...cells]) =>
      [signal.replaceAll("`", "")].concat(cells),
    );
    expect(rows).toEqual(deliveryRows());
  });

  it("shows a frame that our client can decode", () => {
    const frames = codeBlocks(protocol)
      .filter(({ language, code }) => language === "json" && code.startsWith("["))
      .map(({ code }) => JSON.parse(code) as [string, unknown]);
    expect(frames).toHaveLength(1);
    for (const [name, events] of frames) {
      expect(name).toBe("events");
      expect(decodeEvents(events)).toHaveLength(2);
    }
  });
});

describe("ARCHITECTURE.md", () => {
  it("has at most 200 lines", () => {
    expect((repository.get("ARCHITECTURE.md") ?? "").trimEnd().split("\n").length).toBeLessThanOrEqual(200);
  });
});
