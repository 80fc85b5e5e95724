/** Seeded chance: one number decides a whole schedule, so that a run that failed can be had again. */

/** A stream of pseudo-random choices. */
export interface Random {
  /** From 0 up to but not including 1. */
  next(): number;
  /** A whole number from `min` to `max`, both included. */
  integer(min: number, max: number): number;
  /** One of a list, which must not be empty. */
  pick<T>(list: readonly T[]): T;
  /** True in `share` of all cases, 0 to 1. */
  chance(share: number): boolean;
  /** A stream of its own, so that what draws from it does not disturb this one. */
  fork(): Random;
}

/** Creates the stream of a seed (mulberry32: small, even, and the same everywhere). */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const integer = (min: number, max: number): number => min + Math.floor(next() * (max - min + 1));
  return {
    next,
    integer,
    pick<T>(list: readonly T[]): T {
      if (list.length === 0) throw new RangeError("nothing to pick from");
      return list[integer(0, list.length - 1)] as T;
    },
    chance: (share) => next() < share,
    fork: () => createRandom(integer(0, 2 ** 32 - 1)),
  };
}
