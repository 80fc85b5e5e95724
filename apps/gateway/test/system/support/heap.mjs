/** Preloaded into a program: on SIGUSR2 it collects garbage and logs the heap that is left. */
import v8 from "node:v8";
import vm from "node:vm";

v8.setFlagsFromString("--expose-gc");
const collect = vm.runInNewContext("gc");
process.on("SIGUSR2", () => {
  collect();
  console.log(JSON.stringify({ msg: "heap", usedBytes: process.memoryUsage().heapUsed }));
});
