/** One Redis for a suite, and for each test stores with the limits it needs, closed when it is over. */
import { afterAll, afterEach, beforeAll } from "@jest/globals";

import { createCleanUp } from "@doorstep/testkit";

import { connectStore, type RedisConnection, type Store, type StoreLimits } from "../../src/index.ts";
import { type Breakable, openBreakable } from "./breakable.ts";
import type { Topology } from "./topology.ts";

/** A small number: scripts and sweeps touch few keys. */
const PARTITIONS = 16;

/** What a suite of the contract is written against. */
export interface Harness {
  /** Opens a store; closed after the test. */
  readonly open: (limits?: Partial<StoreLimits>) => Promise<Store>;
  /** A connection to look at Redis past the store. */
  readonly raw: () => RedisConnection;
  readonly topology: () => Topology;
  /** Opens a log whose connections the test may cut; closed after the test. */
  readonly openBreakable: () => Promise<Breakable>;
  /** A user id that no other test has. */
  readonly newUser: () => string;
  /** User ids of one partition that no other test has. */
  readonly newNeighbours: (store: Store, count: number) => string[];
}

/** Starts Redis before the tests of the surrounding `describe` and stops it after them. */
export function createHarness(start: () => Promise<Topology>): Harness {
  const forTest = createCleanUp();
  const forSuite = createCleanUp();
  let topology: Topology;
  let raw: RedisConnection;
  let users = 0;

  const open = async (limits: Partial<StoreLimits> = {}): Promise<Store> =>
    connectStore({ redis: topology.url, limits, partitions: PARTITIONS });

  beforeAll(async () => {
    topology = await start();
    forSuite.add(() => topology.stop());
    const store = await open();
    forSuite.add(() => store.close());
    raw = await store.openConnection("command");
  }, 60_000);
  afterEach(() => forTest.run());
  afterAll(() => forSuite.run());

  const newUser = (): string => `user ${++users}`;

  return {
    open: async (limits) => {
      const store = await open(limits);
      forTest.add(() => store.close());
      return store;
    },
    raw: () => raw,
    topology: () => topology,
    openBreakable: async () => {
      const breakable = await openBreakable(topology.url, PARTITIONS);
      forTest.add(() => breakable.close());
      return breakable;
    },
    newUser,
    newNeighbours: (store, count) => {
      const neighbours = [newUser()];
      const { partition } = store.log.keysOf(neighbours[0] ?? "");
      while (neighbours.length < count) {
        const user = newUser();
        if (store.log.keysOf(user).partition === partition) neighbours.push(user);
      }
      return neighbours;
    },
  };
}
