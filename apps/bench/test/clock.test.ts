import { execFileSync } from "node:child_process";
import { describe, expect, it } from "@jest/globals";
import { programPath } from "@doorstep/testkit";
import { nowUs } from "../src/clock.ts";

const script = `import { nowUs } from ${JSON.stringify(programPath("bench", "clock.js"))}; console.log(nowUs());`;

describe("the clock", () => {
  it("is the same in every process, however each was started", () => {
    for (let i = 0; i < 5; i++) {
      const beforeUs = nowUs();
      const thereUs = Number(
        execFileSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" }),
      );
      expect(thereUs).toBeGreaterThan(beforeUs);
      expect(thereUs).toBeLessThan(nowUs());
    }
  });

  it("is the machine's own", () => {
    for (let i = 0; i < 1_000; i++) {
      const before = Number(process.hrtime.bigint()) / 1_000;
      const us = nowUs();
      expect(us).toBeGreaterThanOrEqual(before);
      expect(us).toBeLessThanOrEqual(Number(process.hrtime.bigint()) / 1_000);
    }
  });
});
