import { expect, it } from "@jest/globals";
import { createRegistry, defineMetrics } from "@doorstep/runtime";
import { Tally } from "../../src/delivery/tally.ts";
import { METRICS } from "../../src/metric.ts";

it("shows in the metrics what was counted so far, once, beside what others counted there", async () => {
  const metrics = defineMetrics(createRegistry(), METRICS);
  const tally = new Tally(metrics);
  metrics.delivered.inc({ path: "live" }, 2);
  metrics.delivered.inc({ path: "catch_up" }, 5);
  tally.delivered += 3;
  tally.frames += 1;
  tally.messages += 1;
  tally.pushed += 4;

  const delivered = async (): Promise<unknown> =>
    (await metrics.delivered.get()).values.map(({ labels, value }) => [labels.path, value]);
  const read = [
    ["live", 5],
    ["catch_up", 5],
  ];
  expect(await delivered()).toEqual(read);
  expect(await delivered()).toEqual(read);
  expect((await metrics.frames.get()).values[0]?.value).toBe(1);
  expect((await metrics.pushed.get()).values[0]?.value).toBe(4);
  expect((await metrics.pushMessages.get()).values).toMatchObject([{ labels: { kind: "user" }, value: 1 }]);
});
