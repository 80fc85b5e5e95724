import { describe, expect, it } from "@jest/globals";
import { createRandom } from "../src/random.ts";

describe("seeded chance", () => {
  it("makes the same choices for the same seed, and others for another", () => {
    const draw = (seed: number): number[] => {
      const random = createRandom(seed);
      return Array.from({ length: 20 }, () => random.integer(0, 1_000));
    };
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
  });

  it("reaches both ends of a range and every item of a list, evenly enough", () => {
    const random = createRandom(1);
    const counts = new Map<number, number>();
    for (let i = 0; i < 3_000; i++) {
      const drawn = random.integer(1, 3);
      counts.set(drawn, (counts.get(drawn) ?? 0) + 1);
    }
    expect(new Set(counts.keys())).toEqual(new Set([1, 2, 3]));
    for (const count of counts.values()) expect(Math.abs(count - 1_000)).toBeLessThan(120);
    expect(new Set(Array.from({ length: 50 }, () => random.pick(["a", "b"]))).size).toBe(2);
    expect(() => random.pick([])).toThrow(RangeError);
  });

  it("forks a stream that does not disturb its parent", () => {
    const [one, other] = [createRandom(5), createRandom(5)];
    const fork = one.fork();
    other.fork();
    for (let i = 0; i < 10; i++) fork.next();
    expect(one.next()).toBe(other.next());
  });
});
