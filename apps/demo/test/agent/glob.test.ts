import { describe, expect, it } from "@jest/globals";
import { IgnoreRules } from "../../src/agent/git-ignore.ts";
import { globToRegExp } from "../../src/agent/glob.ts";

describe("globToRegExp", () => {
  it.each([
    ["*.ts", "src/a.ts", true],
    ["*.ts", "src/a.tsx", false],
    ["src/*.ts", "src/a.ts", true],
    ["src/*.ts", "src/b/a.ts", false],
    ["src/**/*.ts", "src/b/c/a.ts", true],
    ["src/**/*.ts", "src/a.ts", true],
    ["**", "a/b", true],
    ["/a.md", "a.md", true],
    ["/a.md", "b/a.md", false],
    ["?.md", "b/x.md", true],
    ["[!a].md", "a.md", false],
    ["[ab].md", "b.md", true],
    ["a+(b).md", "a+(b).md", true],
    ["README.md", "docs/readme.md", true],
  ])("%s on %s: %s", (glob, path, matches) => {
    expect(globToRegExp(glob).test(path)).toBe(matches);
  });
});

describe("IgnoreRules", () => {
  it("lets the last rule decide, and a nested file overrule the one above", () => {
    const root = new IgnoreRules("# comment\n\n*.log\n!keep.log\nbuild/\n/only-here");
    const nested = new IgnoreRules("!x.log\nown", "sub/", root);
    expect(root.isIgnored("a/x.log", false)).toBe(true);
    expect(root.isIgnored("keep.log", false)).toBe(false);
    expect(root.isIgnored("a/build", true)).toBe(true);
    expect(root.isIgnored("a/build", false)).toBe(false);
    expect(root.isIgnored("only-here", false)).toBe(true);
    expect(root.isIgnored("a/only-here", false)).toBe(false);
    expect(nested.isIgnored("sub/x.log", false)).toBe(false);
    expect(nested.isIgnored("sub/y.log", false)).toBe(true);
    expect(nested.isIgnored("sub/own", false)).toBe(true);
  });
});
