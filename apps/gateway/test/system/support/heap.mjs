/** Preloaded into a program: on SIGUSR2 it collects garbage and logs the heap that is left. */
import { setTimeout as delay } from "node:timers/promises";
import v8 from "node:v8";
import vm from "node:vm";

v8.setFlagsFromString("--expose-gc");
const collect = vm.runInNewContext("gc");

async function report() {
  // What the first collection finalizes, the next one frees.
  for (let i = 0; i < 3; i++) {
    collect();
    await delay(50);
  }
  console.log(JSON.stringify({ msg: "heap", usedBytes: process.memoryUsage().heapUsed }));
}

process.on("SIGUSR2", () => void report());
