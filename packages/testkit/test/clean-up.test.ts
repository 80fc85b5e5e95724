import { describe, expect, it } from "@jest/globals";

import { createCleanUp } from "../src/clean-up.ts";

describe("createCleanUp", () => {
  it("undoes the newest first and each once", async () => {
    const done: string[] = [];
    const cleanUp = createCleanUp();
    cleanUp.add(async () => done.push("first"));
    cleanUp.add(() => done.push("second"));
    await cleanUp.run();
    await cleanUp.run();
    expect(done).toEqual(["second", "first"]);
  });

  it("goes on after a failure and tells it", async () => {
    const done: string[] = [];
    const cleanUp = createCleanUp();
    cleanUp.add(() => done.push("first"));
    cleanUp.add(() => Promise.reject(new Error("stuck")));
    await expect(cleanUp.run()).rejects.toThrow("stuck");
    expect(done).toEqual(["first"]);
  });
});
