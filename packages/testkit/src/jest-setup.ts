/**
 * Runs once before all tests: makes sure that what they need is there, and says so when it takes time.
 *
 * What is found is handed to the test processes as REDIS_SERVER_BIN and CHROMIUM_BIN, so that none of them searches or
 * installs again. Without Redis there is nothing to test; without a browser or a build only the tests fail that need
 * one, and this says why. The programs under test are built by `npm test`.
 */
import { access } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { findChromium } from "./browser.ts";
import { findRedisServer } from "./redis-binary.ts";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..");

/** Finds or installs redis-server and Chromium before the first test. */
// oxlint-disable-next-line import/no-default-export -- jest calls the default export of its globalSetup
export default async function setUp(): Promise<void> {
  // oxlint-disable-next-line no-restricted-properties -- jest calls this without arguments; it is a program's start
  const env = process.env;
  const log = (line: string): void => void process.stdout.write(`testkit: ${line}\n`);

  env["REDIS_SERVER_BIN"] = await findRedisServer({ env, log });
  try {
    env["CHROMIUM_BIN"] = await findChromium({ env, log });
  } catch (error) {
    log(`tests of the pages will fail: ${error instanceof Error ? error.message : String(error)}`);
  }
  await access(join(ROOT, "apps/gateway/dist/main.js")).catch(() =>
    log("apps/gateway is not built: run `npm run build` before the tests that start programs"),
  );
}
