/** The Dockerfile as a document: it can be built from this repository, and its images are safe to run. */
import { existsSync, readdirSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { GATEWAY_FLAGS } from "@doorstep/testkit";

import { effective, execForm, parseStages } from "./support/dockerfile.ts";
import { inRepository, readText } from "./support/document.ts";
import { IMAGES, imageProblems, sourceProblems } from "./support/image.ts";

const text = readText("infra/docker/Dockerfile");
const exists = (path: string): boolean => existsSync(inRepository(path));
const manifests = ["apps", "packages"]
  .flatMap((folder) => readdirSync(inRepository(folder)).map((name) => `${folder}/${name}/package.json`))
  .filter(exists);

describe("the Dockerfile", () => {
  it("copies only what exists, and the manifest of every workspace", () => {
    expect(sourceProblems(text, exists, manifests)).toEqual([]);
  });

  it("is refused when a source, a stage or a manifest is missing", () => {
    expect(sourceProblems(text, (path) => path !== "turbo.json" && exists(path), manifests)).toEqual([
      "turbo.json does not exist",
    ]);
    expect(sourceProblems(text.replace("--from=demo-modules", "--from=other"), exists, manifests)).toEqual([
      "no stage for /app/node_modules",
    ]);
    expect(sourceProblems(text, exists, [...manifests, "apps/new/package.json"])).toEqual([
      "apps/new/package.json is missing in stage manifests",
    ]);
  });

  it.each(IMAGES)("builds a safe image of the %s", (app) => {
    expect(imageProblems(text, app, exists)).toEqual([]);
  });

  it("starts the gateway with the options of Node that tests and benchmarks start it with", () => {
    expect(text).toContain(
      `CMD ${JSON.stringify(["node", ...GATEWAY_FLAGS, "apps/gateway/dist/main.js"]).replaceAll(",", ", ")}`,
    );
  });

  it.each([
    ["as root", "USER 10001:10001", "USER root", "does not run as a numeric user above 10000"],
    ["as a low user", "USER 10001:10001", "USER 1000", "does not run as a numeric user above 10000"],
    ["as development", "ENV NODE_ENV=production", "ENV NODE_ENV=development", "does not run as production"],
    [
      "through a shell",
      'CMD ["node", "--no-memory-reducer", "apps/gateway/dist/main.js"]',
      "CMD node apps/gateway/dist/main.js",
      "does not start node apps/gateway/dist/main.js in exec form",
    ],
    ["from sources", "gateway/dist/main.js", "gateway/src/main.ts", "does not start node apps/gateway/dist/main.js"],
    ["with npm", "RUN rm -rf", "RUN ls", "carries npm"],
    ["with dev dependencies", "--from=gateway-modules", "--from=build", "carries dev dependencies"],
    ["on unpruned modules", "--omit=dev --workspace @doorstep/gateway", "", "gateway-modules keeps dev dependencies"],
    ["without its code", "--from=build /app/apps/gateway", "--from=build /app/apps/demo", "lacks its compiled code"],
    ["without a health check", /HEALTHCHECK.*\\\n.*9?.*\n/g, "", "has no health check by node in exec form"],
    ["behind an entry point", "USER 10001:10001", 'USER 10001:10001\nENTRYPOINT ["sh"]', "has an entry point"],
  ])("is refused when an image runs %s", (_title, from, to, problem) => {
    const changed = text.replace(from, to);
    expect(changed).not.toBe(text);
    expect(imageProblems(changed, "gateway", exists).join("\n")).toContain(problem);
  });

  it("is refused when an image belongs to no workspace or stage", () => {
    expect(imageProblems(text, "gateway", (path) => path !== "apps/gateway/package.json")).toEqual([
      "apps/gateway is no workspace",
    ]);
    expect(imageProblems(text, "page", exists)).toContain("page is not a stage");
  });
});

describe("reading a Dockerfile", () => {
  const sample =
    'FROM a AS one\nUSER 1\n# no\nRUN x \\\n  y\nFROM one AS two\nCMD ["node", "m"]\nFROM one AS three\nUSER 3\n';

  it("joins continued lines and leaves comments out", () => {
    expect(parseStages(sample).get("one")?.instructions).toEqual([
      { keyword: "USER", text: "1" },
      { keyword: "RUN", text: "x y" },
    ]);
  });

  it("inherits what a stage does not say itself", () => {
    const stages = parseStages(sample);
    expect(effective(stages, "two", "USER")).toBe("1");
    expect(effective(stages, "three", "USER")).toBe("3");
    expect(effective(stages, "two", "HEALTHCHECK")).toBeUndefined();
  });

  it("tells the exec form from the shell form", () => {
    expect(execForm('["node", "m"]')).toEqual(["node", "m"]);
    expect(execForm("node m")).toBeUndefined();
  });

  it("refuses a stage without a name", () => {
    expect(() => parseStages("FROM a\n")).toThrow("a stage without a name");
  });
});

describe(".dockerignore", () => {
  const ignored = new Set(readText(".dockerignore").split("\n"));

  it("keeps the machine's own modules, builds, history and secrets out of the images", () => {
    for (const entry of ["**/node_modules", "**/dist", ".git", ".env"]) expect(ignored).toContain(entry);
  });

  it("lets through what the Dockerfile copies", () => {
    for (const entry of ["apps", "packages", "docs", "package.json", ".npmrc"]) expect(ignored).not.toContain(entry);
  });
});
