import { describe, expect, it } from "@jest/globals";
import { eventually } from "@doorstep/testkit";
import { Emitter, toError } from "../src/emitter.ts";

function emitter(): { emitter: Emitter<[value: number]>; errors: Error[] } {
  const errors: Error[] = [];
  return { emitter: new Emitter((error) => errors.push(error)), errors };
}

describe("Emitter", () => {
  it("calls listeners in the order they were added", () => {
    const { emitter: numbers } = emitter();
    const seen: string[] = [];
    numbers.add((value) => seen.push(`a${value}`));
    numbers.add((value) => seen.push(`b${value}`));
    numbers.emit(1);
    expect(seen).toEqual(["a1", "b1"]);
  });

  it("reports a listener that throws or rejects and calls the others", async () => {
    const { emitter: numbers, errors } = emitter();
    const seen: number[] = [];
    numbers.add(() => {
      throw new Error("thrown");
    });
    numbers.add(() => Promise.reject(new Error("rejected")));
    numbers.add((value) => seen.push(value));
    numbers.emit(1);
    expect(seen).toEqual([1]);
    await eventually(() => expect(errors.map((error) => error.message)).toEqual(["thrown", "rejected"]));
  });

  it("takes each addition of one function back on its own", () => {
    const { emitter: numbers } = emitter();
    const seen: number[] = [];
    const fn = (value: number): unknown => seen.push(value);
    const removeFirst = numbers.add(fn);
    numbers.add(fn);
    removeFirst();
    removeFirst();
    numbers.emit(1);
    expect(seen).toEqual([1]);
  });

  it("does not call a listener removed during the emit, nor one added in it", () => {
    const { emitter: numbers } = emitter();
    const seen: string[] = [];
    numbers.add(() => {
      removeLater();
      numbers.add(() => seen.push("added"));
    });
    const removeLater = numbers.add(() => seen.push("removed"));
    numbers.emit(1);
    expect(seen).toEqual([]);
  });
});

describe("toError", () => {
  it("keeps errors and wraps everything else", () => {
    const error = new Error("as it is");
    expect(toError(error)).toBe(error);
    expect(toError("text").message).toBe("text");
    expect(toError(undefined).message).toBe("undefined");
  });
});
