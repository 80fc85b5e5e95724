import { describe, expect, it } from "@jest/globals";
import { runCli } from "../src/cli.ts";

/** Runs a command line that shall not get as far as the hub. */
async function run(argv: readonly string[]): Promise<{ code: number; out: string[]; err: string[] }> {
  const out: string[] = [];
  const err: string[] = [];
  const code = await runCli(argv, {
    env: { DOORSTEP_URL: "http://127.0.0.1:1", DOORSTEP_API_KEY: "key-of-an-admin" },
    print: (line) => void out.push(line),
    warn: (line) => void err.push(line),
  });
  return { code, out, err };
}

describe("a wrong command line", () => {
  it.each([
    ["no command", []],
    ["an unknown command", ["letters"]],
    ["a command of every object", ["constructor"]],
    ["no action", ["dead-letters"]],
    ["an unknown action", ["dead-letters", "eat"]],
    ["an unknown option", ["dead-letters", "list", "--page", "2"]],
    ["an option of another action", ["dead-letters", "list", "--all"]],
    ["an id to list", ["dead-letters", "list", "dl.x"]],
    ["a limit of 0", ["dead-letters", "list", "--limit", "0"]],
    ["no id to show", ["dead-letters", "show"]],
    ["two ids to show", ["dead-letters", "show", "a", "b"]],
    ["nothing to replay", ["dead-letters", "replay"]],
    ["nothing to purge", ["dead-letters", "purge"]],
    ["ids and a filter", ["dead-letters", "purge", "dl.x", "--user", "ann"]],
    ["a filter and all", ["dead-letters", "purge", "--user", "ann", "--all"]],
    ["an age without a unit", ["dead-letters", "purge", "--older-than", "7"]],
    ["credentials in the URL", ["dead-letters", "list", "--url", "http://ada:secret@hub.example"]],
    ["no URL", ["dead-letters", "list", "--url", "gateway:8080"]],
    ["no key", ["dead-letters", "list", "--key", ""]],
  ])("is told and ends with 2: %s", async (_name, args) => {
    const { code, err } = await run(args);
    expect(code).toBe(2);
    expect(err).toEqual([expect.stringMatching(/^doorstep: /), "doorstep --help tells how"]);
    expect(err.join()).not.toContain("secret");
  });
});

it("prints help", async () => {
  const all = await run(["--help"]);
  expect([all.code, all.err]).toEqual([0, []]);
  expect(all.out.join("\n")).toContain("dead-letters   list, show, replay and purge");
  const one = await run(["dead-letters", "replay", "--help"]);
  expect([one.code, one.err]).toEqual([0, []]);
  expect(one.out.join("\n")).toContain("doorstep dead-letters purge <id>...");
});

it("ends with 3 where nobody answers", async () => {
  const { code, err } = await run(["dead-letters", "list"]);
  expect([code, err]).toEqual([3, [expect.stringMatching(/^doorstep: no answer from http:\/\/127\.0\.0\.1:1: /)]]);
});
