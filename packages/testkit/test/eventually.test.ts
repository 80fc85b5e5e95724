import { describe, expect, it } from "@jest/globals";

import { eventually } from "../src/eventually.ts";

describe("eventually", () => {
  it("returns the first truthy value", async () => {
    let calls = 0;
    const value = await eventually(() => (++calls < 3 ? null : `call ${calls}`), { intervalMs: 1 });
    expect(value).toBe("call 3");
  });

  it("waits until an assertion no longer throws", async () => {
    let calls = 0;
    await eventually(() => expect(++calls).toBe(3), { intervalMs: 1 });
    expect(calls).toBe(3);
  });

  it("takes functions that answer later", async () => {
    let calls = 0;
    await expect(eventually(async () => ++calls === 2, { intervalMs: 1 })).resolves.toBe(true);
  });

  it("throws the last error with the elapsed time and what was waited for", async () => {
    const failed = eventually(() => expect("seen").toBe("wanted"), {
      timeoutMs: 30,
      intervalMs: 5,
      message: "no luck",
    });
    await expect(failed).rejects.toThrow(/^no luck \(gave up after \d+ ms\): .*wanted/s);
  });

  it("tells a value that stays falsy", async () => {
    await expect(eventually(() => 0, { timeoutMs: 10, intervalMs: 1 })).rejects.toThrow("the last call returned 0");
  });

  it("gives up on a call that never returns", async () => {
    const hangs = (): Promise<boolean> => new Promise(() => undefined);
    await expect(eventually(hangs, { timeoutMs: 20 })).rejects.toThrow("the first call has not returned");
  });

  it("refuses at compile time a value that may be undefined", async () => {
    const values: number[] = [];
    // @ts-expect-error -- undefined would count as success
    await expect(eventually(() => values.find((value) => value > 1))).resolves.toBeUndefined();
  });
});
