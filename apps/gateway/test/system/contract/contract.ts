/**
 * The contract of delivery, as one suite: publishers in front, real clients behind, gateways that die. Whatever Redis it
 * runs on has to pass it whole.
 *
 * Tests share one Redis, start a hub each, and have users of their own.
 */
import { afterAll, afterEach, beforeAll, describe } from "@jest/globals";
import { createCleanUp } from "@doorstep/testkit";
import { deployAt } from "../support/deployment.ts";
import type { Topology } from "../support/topology.ts";
import { describeDelivery } from "./delivery.ts";
import { describeGatewayKill } from "./gateway-kill.ts";
import type { Stage } from "./stage.ts";
import { describeIdempotency } from "./idempotency.ts";
import { describeOffline } from "./offline.ts";
import { describeRetention } from "./retention.ts";

const START_TIMEOUT_MS = 60_000;

/** Runs the whole contract on the Redis that `start` starts. */
export function describeContract(name: string, start: () => Promise<Topology>): void {
  describe(`delivery on ${name}`, () => {
    const forTest = createCleanUp();
    let topology: Topology | undefined;
    beforeAll(async () => {
      topology = await start();
    }, START_TIMEOUT_MS);
    afterEach(() => forTest.run());
    afterAll(() => topology?.stop());

    const stage: Stage = {
      cleanUp: forTest,
      deploy: (options) => deployAt(topology?.url ?? "", forTest, options),
    };
    // First, since it counts all that waits in the hub's queues.
    describeOffline(stage);
    describeDelivery(stage);
    describeIdempotency(stage);
    describeRetention(stage);
    describeGatewayKill(stage);
  });
}
