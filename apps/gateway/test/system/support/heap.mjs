/** Preloaded into a program: on SIGUSR2 it collects garbage and logs the heap that is left. */
import { setImmediate as nextTurn } from "node:timers/promises";
import v8 from "node:v8";
import vm from "node:vm";

v8.setFlagsFromString("--expose-gc");
const collect = vm.runInNewContext("gc");

async function report() {
  // What a collection finalizes is let go in a later turn, and the next collection frees it.
  for (let round = 0; round < 5; round++) {
    collect();
    for (let turn = 0; turn < 10; turn++) await nextTurn();
  }
  console.log(JSON.stringify({ msg: "heap", usedBytes: process.memoryUsage().heapUsed }));
}

process.on("SIGUSR2", () => void report());
