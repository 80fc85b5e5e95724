import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { createCleanUp } from "@doorstep/testkit";
import { Folder, type Library } from "../../src/agent/folder.ts";
import { createPlan } from "../../src/agent/plan.ts";
import { countMatches, findFiles, readSection, searchText } from "../../src/agent/tool.ts";
import { makeFolder } from "../support/library.ts";

const cleanUp = createCleanUp();
let library: Library;

beforeAll(async () => {
  library = await new Folder(await makeFolder(cleanUp)).load();
});
afterAll(() => cleanUp.run());

const planOf = (question: string) => createPlan(question, library);

describe("searchText", () => {
  it("finds the section that answers, with its line, whatever form the words have", () => {
    const [best] = searchText(library, planOf("How are boats moored with ropes?"));
    expect(best).toMatchObject({ path: "README.md", line: 7, heading: "How mooring works" });
    expect(best?.snippet).toContain("moored with two ropes");
  });

  it("puts the place that defines a name before those that use it", () => {
    const [best] = searchText(library, planOf("Where is `COINS_A_NIGHT` defined?"));
    expect(best).toMatchObject({ path: "src/fee.ts", line: 1 });
  });

  it("takes quoted text literally and keeps to the files of a glob", () => {
    expect(searchText(library, planOf('What about "third rope"?')).map((hit) => hit.path)).toEqual(["docs/storm.md"]);
    const inCode = searchText(library, planOf("boats in *.ts")).map((hit) => hit.path);
    expect(new Set(inCode)).toEqual(new Set(["src/mooring.ts"]));
    expect(searchText(library, planOf('"no such text"'))).toEqual([]);
  });

  it("finds nothing for words that nobody wrote", () => {
    expect(searchText(library, planOf("zebra quantum"))).toEqual([]);
  });
});

describe("findFiles", () => {
  it("finds by glob and by words of the path", () => {
    expect(findFiles(library, planOf("list *.ts")).map((file) => file.path)).toEqual(["src/fee.ts", "src/mooring.ts"]);
    expect(findFiles(library, planOf("where is the storm?"))).toEqual([{ path: "docs/storm.md", lines: 3 }]);
  });
});

describe("readSection", () => {
  it("reads the whole section a line is in", () => {
    const section = readSection(library, "README.md", 8);
    expect(section).toMatchObject({ startLine: 5, endLine: 9, trail: ["Harbour", "How mooring works"] });
  });

  it.each([
    ["../secret.txt", 1],
    ["README.md", 0],
    ["README.md", 999],
  ])("refuses %s line %i", (path, line) => {
    expect(() => readSection(library, path, line)).toThrow(expect.objectContaining({ code: "NOT_FOUND" }));
  });
});

describe("countMatches", () => {
  it("counts words in all their forms, and quoted text literally", () => {
    expect(countMatches(library, planOf("How often are ropes mentioned?"))).toMatchObject({
      files: 2,
      matches: 4,
      lines: 3,
    });
    expect(countMatches(library, planOf('How many lines have "boats"?'))).toMatchObject({
      lines: 4,
      top: [
        { path: "README.md", count: 4 },
        { path: "src/mooring.ts", count: 1 },
      ],
    });
  });

  it("counts files and lines where no word is given", () => {
    expect(countMatches(library, planOf("How many TypeScript files are there?"))).toMatchObject({
      files: 2,
      lines: 15,
    });
  });
});
