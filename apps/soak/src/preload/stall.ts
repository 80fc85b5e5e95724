/** Preload: on SIGUSR2 nothing of this program runs for `ms` milliseconds, and then a line says so. */

const stallMs = Number(new URL(import.meta.url).searchParams.get("ms"));

process.on("SIGUSR2", () => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, stallMs);
  process.stdout.write(`${JSON.stringify({ msg: "stall over", stallMs })}\n`);
});
