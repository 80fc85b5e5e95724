#!/usr/bin/env node
/** The doorstep program: operates a hub from the command line, through the HTTP API of its gateways. */
import { runCli } from "./cli.ts";

// A reader such as `head` may close the pipe; then there is nobody to write for.
process.stdout.on("error", () => process.exit());
process.exitCode = await runCli(process.argv.slice(2), {
  env: process.env,
  print: (line) => void process.stdout.write(`${line}\n`),
  warn: (line) => void process.stderr.write(`${line}\n`),
});
