/**
 * `npm run soak -- [--minutes 20] [--seconds 10] [--fault name]... [--seed n]`: breaks a hub again and again, writes
 * docs/operations/soak.md, and ends with 1 where a promise did not hold.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { parseOptions } from "./option.ts";
import { soak } from "./soak.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const args = process.argv.slice(2);
const isClean = await soak(parseOptions(args), {
  docs: join(root, "docs/operations"),
  histories: join(root, "reports/soak"),
  command: ["npm run soak --", ...args].join(" "),
  print: (text) => console.log(text),
});
process.exitCode = isClean ? 0 : 1;
