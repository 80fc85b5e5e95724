/** `node apps/bench/dist/redis-cost/main.js [events] [repetitions]`: what an event costs Redis, as a table. */
import { type Figure, summarize, toTable } from "@doorstep/testkit";
import { measureRedisCost } from "./measure.ts";

const [events = 200_000, count = 3] = process.argv.slice(2).map(Number);
const repetitions: Figure[][] = [];
for (let repetition = 0; repetition < count; repetition++) {
  const onLoad = (name: string): void => console.error(`${repetition + 1} of ${count}: ${name}`);
  repetitions.push(await measureRedisCost({ events, isReversed: repetition % 2 === 1, onLoad }));
}
console.log(toTable("### Redis CPU per event", summarize(repetitions)));
