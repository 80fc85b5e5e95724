import { describe, expect, it } from "@jest/globals";

import { readConstants } from "../../src/sizing/constants.ts";
import { ASSUMED, SIZES } from "../../src/sizing/load.ts";
import { usedCores } from "../../src/sizing/model.ts";
import { GATEWAY_BYTES, MASTER_DATA_BYTES, type Size, sizeOf, sum } from "../../src/sizing/size.ts";
import { constantsOf } from "./unit-constants.ts";

async function sizes(): Promise<Size[]> {
  const { constants } = await readConstants();
  return SIZES.map((users) => sizeOf(constants, { ...ASSUMED, users }));
}

describe("sizes", () => {
  it("keep every process within its use and memory", async () => {
    const { constants } = await readConstants();
    for (const { fleet, demand, load, skew } of await sizes()) {
      const slack = load.use + 1e-9;
      expect(usedCores(demand.gateway, fleet.gateways) / fleet.gateways).toBeLessThanOrEqual(slack);
      expect((usedCores(demand.redis, fleet.masters) / fleet.masters) * skew).toBeLessThanOrEqual(slack * 1.01);
      expect(usedCores(demand.courier, fleet.couriers) / fleet.couriers).toBeLessThanOrEqual(slack);
      expect((sum(demand.redisBytes) * skew) / fleet.masters).toBeLessThanOrEqual(MASTER_DATA_BYTES);
      const perGateway = demand.gatewayBytes / fleet.gateways;
      expect(perGateway).toBeLessThanOrEqual(GATEWAY_BYTES + constants.gatewayBaseBytes + 1);
    }
  });

  it("need no fewer processes for more users", async () => {
    const all = await sizes();
    for (const kind of ["gateways", "masters", "couriers"] as const) {
      const counts = all.map(({ fleet }) => fleet[kind]);
      expect(counts).toEqual(counts.toSorted((a, b) => a - b));
    }
  });

  it("are refused where more gateways cost more than they bring", () => {
    const hopeless = constantsOf({ gatewayIdleUs: 600_000 });
    expect(() => sizeOf(hopeless, ASSUMED)).toThrow(RangeError);
  });
});
