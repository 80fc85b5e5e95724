import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";

import { type ConstantName, type Constants, MEANINGS, readConstants } from "../../src/sizing/constants.ts";
import { ASSUMED, type Load, ratesOf } from "../../src/sizing/load.ts";
import {
  demandOf,
  type Fleet,
  placesOf,
  processesFor,
  usedCores,
  type Work,
  workCores,
} from "../../src/sizing/model.ts";
import { sum } from "../../src/sizing/size.ts";
import { constantsOf } from "./unit-constants.ts";

const FLEET: Fleet = { gateways: 4, masters: 2, couriers: 2 };
/** One event a second and user, all of them online with one device, nothing else. */
const PLAIN: Load = {
  ...ASSUMED,
  users: 100,
  onlineShare: 1,
  devices: 1,
  eventsPerUserDay: 86_400,
  peakFactor: 1,
  awayShare: 0,
  connectsPerHour: 0,
};

/** What all processes do and hold, in one number for each kind. */
function totals(constants: Constants, load: Load, fleet: Fleet): number[] {
  const { gateway, redis, courier, redisBytes, gatewayBytes, network } = demandOf(constants, load, fleet);
  return [workCores(gateway), workCores(redis), workCores(courier), sum(redisBytes), gatewayBytes, sum(network)];
}

const GROWING: readonly (keyof Load)[] = ["users", "eventsPerUserDay", "peakFactor", "connectsPerHour", "heldDays"];

describe("the cost model", () => {
  it("multiplies each constant by what it stands for", () => {
    const work = (named: Partial<Constants>) => demandOf(constantsOf(named), PLAIN, FLEET);
    expect(work({ gatewayEventUs: 20 }).gateway.parts["events"]).toBeCloseTo(2_000);
    expect(work({ gatewayPingUs: 50 }).gateway.parts["pings"]).toBeCloseTo((100 / 25) * 50);
    const quiet = demandOf(constantsOf({ gatewayHeadUs: 10 }), { ...PLAIN, eventsPerUserDay: 0 }, FLEET);
    expect(quiet.gateway.parts["head checks"]).toBeCloseTo((100 / 5) * 10);
    expect(work({ redisEventUs: 30, redisPushUs: 5 }).redis.parts).toMatchObject({ events: 3_000, pushes: 500 });
    expect(work({ redisGatewayUs: 7 }).redis.parts["gateways"]).toBe(4 * 2 * 7);
    expect(work({ redisSweepUs: 90, redisCourierUs: 10 }).redis.parts["couriers"]).toBe(100);
    expect(work({ redisUserBytes: 600 }).redisBytes["users"]).toBe(60_000);
    expect(work({ gatewayConnectionBytes: 9, gatewayBaseBytes: 5 }).gatewayBytes).toBe(920);
    expect(work({ publishBytes: 800 }).network["publishers to Redis"]).toBeCloseTo(80_000);
  });

  it("acknowledges once a ping interval where something came, and never where nothing did", () => {
    expect(ratesOf(PLAIN).acks).toBeCloseTo(100 / 25);
    expect(ratesOf({ ...PLAIN, eventsPerUserDay: 0 }).acks).toBe(0);
    const rare = ratesOf({ ...PLAIN, eventsPerUserDay: 24 });
    expect(rare.acks / rare.live).toBeCloseTo(1, 1);
  });

  it("looks at whom nothing reached lately in each head check, at others in one of six", () => {
    expect(ratesOf({ ...PLAIN, eventsPerUserDay: 0 }).checkedUsers).toBeCloseTo(100 / 5);
    expect(ratesOf({ ...PLAIN, eventsPerUserDay: 86_400_000 }).checkedUsers).toBeCloseTo(100 / 5 / 6);
  });

  it("has acknowledgements wake Redis twice a second for each gateway at most", () => {
    const perS = (load: Partial<Load>) => demandOf(constantsOf({}), { ...PLAIN, ...load }, FLEET).redis.arrivals;
    expect(perS({})).toBeCloseTo(100 + 100 / 25);
    expect(perS({ users: 100_000 })).toBeCloseTo(100_000 + 4 * 2 * 2);
  });

  it("holds what is for users who are away, and pushes the rest", () => {
    const { events, live, held } = ratesOf({ ...PLAIN, awayShare: 0.4 });
    expect([events, live, held]).toEqual([100, 60, 40]);
  });

  it("costs no less where any constant or the load is larger", async () => {
    const { constants } = await readConstants();
    const before = totals(constants, ASSUMED, FLEET);
    const names = Object.keys(MEANINGS) as ConstantName[];
    for (const name of names) {
      const after = totals({ ...constants, [name]: constants[name] * 2 + 1 }, ASSUMED, FLEET);
      after.forEach((value, index) => expect(value).toBeGreaterThanOrEqual(before[index] ?? Number.NaN));
    }
    fc.assert(
      fc.property(fc.constantFrom(...GROWING), fc.double({ min: 1, max: 1_000, noNaN: true }), (name, factor) => {
        const after = totals(constants, { ...ASSUMED, [name]: ASSUMED[name] * factor }, FLEET);
        return after.every((value, index) => value >= (before[index] ?? Number.NaN) * 0.999_999);
      }),
    );
  });

  it("uses every constant", () => {
    const costly: Load = { ...ASSUMED, batchedShare: 0.5 };
    const uses = (name: ConstantName): string =>
      JSON.stringify(demandOf(constantsOf({ [name]: 1 }), costly, { ...FLEET, couriers: 3 }));
    const nothing = JSON.stringify(demandOf(constantsOf({}), costly, { ...FLEET, couriers: 3 }));
    const unused = (Object.keys(MEANINGS) as ConstantName[]).filter((name) => uses(name) === nothing);
    expect(unused).toEqual([]);
  });

  it("adds up: two hubs of half the users do what one of all does, but for what each process and partition costs", async () => {
    const { constants } = await readConstants();
    const perUser = { ...constants, gatewayIdleUs: 0, gatewayBaseBytes: 0, redisGatewayUs: 0, redisSweepUs: 0 };
    const free = {
      ...perUser,
      redisCourierUs: 0,
      redisIdleUs: 0,
      redisClusterUs: 0,
      courierIdleUs: 0,
      redisHeadCallUs: 0,
    };
    const whole = totals(free, ASSUMED, FLEET);
    const half = totals(free, { ...ASSUMED, users: ASSUMED.users / 2 }, FLEET);
    half.forEach((value, index) => expect(value * 2).toBeCloseTo(whole[index] ?? Number.NaN, 6));
  });

  it("puts devices on as many gateways as chance does", () => {
    expect(placesOf({ ...PLAIN, devices: 2 }, 1)).toEqual({ first: 1, further: 1 });
    expect(placesOf({ ...PLAIN, devices: 2 }, 2).first).toBeCloseTo(1.5);
    expect(placesOf({ ...PLAIN, devices: 2 }, 1_000).first).toBeCloseTo(2, 2);
  });
});

describe("the use of processes", () => {
  const work = (us: number, arrivals: number, wakeUs: number): Work => ({ parts: { all: us }, arrivals, wakeUs });

  it("adds a wake for each request that finds its process idle", () => {
    expect(usedCores(work(100_000, 0, 100), 1)).toBeCloseTo(0.1);
    // u = 0.1 + 1,000 * 100 us * (1 - u)
    const used = usedCores(work(100_000, 1_000, 100), 1);
    expect(used).toBeCloseTo(0.1 + 0.1 * (1 - used));
  });

  it("costs more in all where more processes share it, and never exceeds what they have", () => {
    const some = work(200_000, 4_000, 100);
    expect(usedCores(some, 4)).toBeGreaterThan(usedCores(some, 1));
    expect(usedCores(work(5e6, 1_000, 100), 2)).toBe(2);
  });

  it("finds the least number of processes that keeps within a use", () => {
    fc.assert(
      fc.property(
        fc.nat(1e8),
        fc.nat(1e6),
        fc.nat(500),
        fc.constantFrom(0.25, 0.5, 0.75),
        (us, arrivals, wakeUs, use) => {
          const one = work(us, arrivals, wakeUs);
          const count = processesFor(one, use);
          const isEnough = usedCores(one, count) / count <= use + 1e-9;
          const isLeast = count === 1 || usedCores(one, count - 1) / (count - 1) > use - 1e-9;
          return isEnough && isLeast;
        },
      ),
    );
  });
});
