/** Constants for tests of arithmetic: what is not named costs nothing. */
import { type ConstantName, type Constants, MEANINGS } from "../../src/sizing/constants.ts";

export function constantsOf(named: Partial<Constants>): Constants {
  const none = Object.fromEntries(Object.keys(MEANINGS).map((name) => [name, 0])) as Record<ConstantName, number>;
  return { ...none, ...named };
}
