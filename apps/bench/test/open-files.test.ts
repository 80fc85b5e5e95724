import { describe, expect, it } from "@jest/globals";
import { assertOpenFiles, hardLimit } from "../src/open-files.ts";

describe("open files", () => {
  it("have the hard limit that Linux tells", () => {
    const line = (most: string) =>
      `Max processes  94  94  processes\nMax open files            1024                 ${most}   files\n`;
    expect(hardLimit(line("20000"))).toBe(20_000);
    expect(hardLimit(line("unlimited"))).toBeUndefined();
    expect(hardLimit("")).toBeUndefined();
  });

  it("are enough for one connection and not for any number", async () => {
    await expect(assertOpenFiles(1)).resolves.toBeUndefined();
    await expect(assertOpenFiles(1e12)).rejects.toThrow("ulimit");
  });
});
