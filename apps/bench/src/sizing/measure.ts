/** Measures the constants, part by part; the medians of several times count. */
import { type CleanUp, createCleanUp, median } from "@doorstep/testkit";

import { type ConstantName, type Constants, MEANINGS } from "./constants.ts";
import { measureCourier } from "./measure/courier-cost.ts";
import { measureFleet } from "./measure/fleet-cost.ts";
import { measureGateway } from "./measure/gateway-cost.ts";
import { measureStore } from "./measure/store-cost.ts";

export interface Measured {
  readonly constants: Constants;
  readonly spread: Readonly<Record<ConstantName, readonly [least: number, most: number]>>;
}

type Part = (cleanUp: CleanUp) => Promise<Partial<Constants>>;

/** What is measured apart from the rest, each with processes of its own. */
export const PARTS: Readonly<Record<string, Part>> = {
  store: measureStore,
  fleet: measureFleet,
  gateway: measureGateway,
  courier: measureCourier,
};

/** Runs one part; throws a RangeError where there is none of this name. */
export async function measurePart(name: string): Promise<Partial<Constants>> {
  const part = PARTS[name];
  if (part === undefined) throw new RangeError(`there is no part ${name}; known are ${Object.keys(PARTS).join(", ")}`);
  const cleanUp = createCleanUp();
  try {
    return await part(cleanUp);
  } finally {
    await cleanUp.run();
  }
}

/** Medians of what all parts measured, and what was kept of the constants that none did; throws where there is nothing of one. */
export function gather(values: readonly Partial<Constants>[], kept: Partial<Measured>): Measured {
  const constants: Partial<Record<ConstantName, number>> = {};
  const spread: Partial<Record<ConstantName, readonly [number, number]>> = {};
  for (const name of Object.keys(MEANINGS) as ConstantName[]) {
    const own = values.flatMap((part) => part[name] ?? []);
    if (own.length === 0) {
      constants[name] = kept.constants?.[name] ?? missing(name);
      spread[name] = kept.spread?.[name] ?? missing(name);
      continue;
    }
    // What is a difference may come out below nothing where it is smaller than noise.
    constants[name] = round(Math.max(0, median(own)));
    spread[name] = [round(Math.min(...own)), round(Math.max(...own))];
  }
  return { constants: constants as Constants, spread: spread as Measured["spread"] };
}

function missing(name: ConstantName): never {
  throw new Error(`${name} was never measured: measure all parts`);
}

/** Three digits are more than any of these is good for. */
function round(value: number): number {
  return Number(value.toPrecision(3));
}
