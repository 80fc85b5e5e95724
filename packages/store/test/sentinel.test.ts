import { describe, expect, it } from "@jest/globals";

import { event, events } from "./support/event.ts";
import { createHarness } from "./support/harness.ts";
import { storedOffsets } from "./support/log-view.ts";
import { startWatched } from "./support/topology.ts";
import { openEar } from "./support/ear.ts";
import { eventually } from "@doorstep/testkit";

describe("the store behind Sentinel", () => {
  const harness = createHarness(startWatched);

  it("P1 finds the master through the sentinels, appends, pushes, reads and acknowledges", async () => {
    const store = await harness.open();
    const keys = store.log.keysOf("ada");
    const ear = await openEar(store);
    await ear.subscriber.subscribe(keys);
    const [first] = await store.log.append("ada", [event({ id: "a" })]);
    const [again, second] = await store.log.append("ada", [event({ id: "a" }), ...events(1)]);
    expect(again).toEqual({ id: "a", offset: first?.offset, duplicate: true });
    await eventually(() => expect(ear.heard).toHaveLength(2));
    await expect(storedOffsets(harness.raw(), keys)).resolves.toEqual([first?.offset, second?.offset]);
    await expect(store.log.ack(keys, String(second?.offset))).resolves.toMatchObject({ count: 2 });
  });
});
