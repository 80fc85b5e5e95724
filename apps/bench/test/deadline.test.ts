import { describe, expect, it } from "@jest/globals";
import { withDeadline } from "../src/deadline.ts";

describe("a deadline", () => {
  it("passes on what the work answers or throws", async () => {
    await expect(withDeadline(Promise.resolve(7), 60)).resolves.toBe(7);
    await expect(withDeadline(Promise.reject(new Error("broken")), 60)).rejects.toThrow("broken");
  });

  it("throws when the work is not over in time", async () => {
    await expect(withDeadline(new Promise(() => undefined), 0.01)).rejects.toThrow("it was not over after 0.01 s");
  });
});
