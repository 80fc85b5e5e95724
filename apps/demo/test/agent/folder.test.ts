import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createCleanUp } from "@doorstep/testkit";
import { Folder } from "../../src/agent/folder.ts";
import { makeFolder } from "../support/library.ts";

const cleanUp = createCleanUp();
let root: string;

beforeAll(async () => {
  root = await makeFolder(cleanUp);
});
afterAll(() => cleanUp.run());

describe("Folder", () => {
  it("reads text and leaves out what is ignored, binary, installed or a link", async () => {
    const library = await new Folder(root).load();
    expect(library.documents.map((document) => document.path)).toEqual([
      ".gitignore",
      "README.md",
      "docs/storm.md",
      "keep.log",
      "src/fee.ts",
      "src/mooring.ts",
    ]);
  });

  it.each([
    "../../etc/passwd",
    "/etc/passwd",
    "outside/passwd",
    "passwd.md",
    "secret.txt",
    "README.md/../secret.txt",
    "",
  ])("refuses the path %j, which is no file of the folder", async (path) => {
    const library = await new Folder(root).load();
    expect(() => library.get(path)).toThrow(expect.objectContaining({ code: "NOT_FOUND" }));
  });

  it("keeps to its bounds", async () => {
    const few = await new Folder(root, { maxFiles: 2 }).load();
    expect(few.documents).toHaveLength(2);
    const small = await new Folder(root, { maxFileBytes: 100 }).load();
    expect(small.documents.map((document) => document.path)).not.toContain("README.md");
    const little = await new Folder(root, { maxTotalBytes: 60 }).load();
    expect(little.documents.map((document) => document.path)).toEqual([".gitignore"]);
  });

  it("reads a file again when it has changed", async () => {
    const own = await makeFolder(cleanUp, { "a.md": "# One\n\nThe first text." });
    const folder = new Folder(own);
    const before = await folder.load();
    expect((await folder.load()).get("a.md")).toBe(before.get("a.md"));
    await writeFile(join(own, "a.md"), "# Two\n\nThe second text.");
    await utimes(join(own, "a.md"), new Date(), new Date(Date.now() + 5_000));
    expect((await folder.load()).get("a.md").lines).toContain("The second text.");
  });

  it("throws where the folder itself is not there", async () => {
    await expect(new Folder(join(root, "nowhere")).load()).rejects.toThrow("ENOENT");
  });
});
