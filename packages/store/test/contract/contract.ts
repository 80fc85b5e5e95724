/**
 * The contract of the store, as one suite. Whatever Redis it runs against has to pass it whole.
 *
 * Tests share one Redis and tell each other apart by users that no other test has.
 */
import { describe } from "@jest/globals";

import { createHarness } from "../support/harness.ts";
import type { Topology } from "../support/topology.ts";
import { describeAck } from "./ack.ts";
import { describeAppend } from "./append.ts";
import { describeCollapse } from "./collapse.ts";
import { describeCustody } from "./custody.ts";
import { describeDedupe } from "./dedupe.ts";
import { describeDrop } from "./drop.ts";
import { describeDue } from "./due.ts";
import { describeExpire } from "./expire.ts";
import { describeLimit } from "./limit.ts";
import { describePresence } from "./presence.ts";
import { describePushSubscription } from "./push-subscription.ts";
import { describeRead } from "./read.ts";
import { describeReceipt } from "./receipt.ts";
import { describeRetention } from "./retention.ts";
import { describeSubscriber } from "./subscriber.ts";

/** Runs the whole contract against the Redis that `start` starts. */
export function describeContract(name: string, start: () => Promise<Topology>): void {
  describe(`the store on ${name}`, () => {
    const harness = createHarness(start);
    describeAppend(harness);
    describeDedupe(harness);
    describeLimit(harness);
    describeCollapse(harness);
    describeDrop(harness);
    describeDue(harness);
    describeRetention(harness);
    describeAck(harness);
    describeRead(harness);
    describeCustody(harness);
    describeExpire(harness);
    describeReceipt(harness);
    describePresence(harness);
    describePushSubscription(harness);
    describeSubscriber(harness);
  });
}
