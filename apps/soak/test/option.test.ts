import { describe, expect, it } from "@jest/globals";
import { FAULTS } from "../src/faults.ts";
import { parseOptions } from "../src/option.ts";

describe("the command line of a soak", () => {
  it("runs every class for twenty minutes unless told otherwise", () => {
    expect(parseOptions([])).toMatchObject({ minutes: 20, seconds: 10, faults: FAULTS });
    const { faults, seed } = parseOptions(["--fault", "oom", "--fault", "gateway-kill", "--seed", "3"]);
    expect(faults.map(({ name }) => name)).toEqual(["oom", "gateway-kill"]);
    expect(seed).toBe(3);
  });

  it("says what is wrong", () => {
    expect(() => parseOptions(["--fault", "fire"])).toThrow(/there is no fault fire; there are .*gateway-kill/);
    expect(() => parseOptions(["--minutes", "soon"])).toThrow("--minutes has to be a number from 0, not soon");
  });

  it("knows every class by one name", () => {
    expect(new Set(FAULTS.map(({ name }) => name)).size).toBe(FAULTS.length);
  });
});
