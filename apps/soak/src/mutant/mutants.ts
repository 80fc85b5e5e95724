/** All mutants, in the order of the life of an event: into the log, to its sockets, into custody, and what Redis may lose. */
import type { Mutant } from "./mutant.ts";
import { APPEND_MUTANTS } from "./repair/append.ts";
import { CUSTODY_MUTANTS } from "./repair/custody.ts";
import { DELIVERY_MUTANTS } from "./repair/delivery.ts";
import { FAILOVER_MUTANTS } from "./repair/failover.ts";

/** Every mutant. */
export const MUTANTS: readonly Mutant[] = [
  ...APPEND_MUTANTS,
  ...DELIVERY_MUTANTS,
  ...CUSTODY_MUTANTS,
  ...FAILOVER_MUTANTS,
];

/** Finds a mutant by name; throws a RangeError with all names for one that is unknown. */
export function findMutant(name: string): Mutant {
  const mutant = MUTANTS.find((known) => known.name === name);
  if (mutant !== undefined) return mutant;
  throw new RangeError(`there is no mutant ${name}; there are ${MUTANTS.map((known) => known.name).join(", ")}`);
}
