/** What an event costs Redis, beside the bare pair XADD + SPUBLISH of the same body: no gateway, no clients. */
import { measureRedisCost } from "../redis-cost/measure.ts";
import { doorstep } from "../target/doorstep.ts";
import type { Workload } from "../workload.ts";

const EVENTS = 200_000;

export const redisCost: Workload = {
  name: "redis-cost",
  title: "200,000 events of 1,000 users: one each, ten each, and the bare pair XADD + SPUBLISH",
  seconds: 60,
  skips: ({ name }) => (name === doorstep.name ? undefined : "it has no script of its own"),
  run: ({ count, repetition, log }) =>
    measureRedisCost({ events: count(EVENTS), isReversed: repetition % 2 === 1, onLoad: log }),
};
