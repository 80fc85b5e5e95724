/** The courier program. */
import { runMain } from "@doorstep/runtime";
import { configSchema } from "./config.ts";
import { startCourier } from "./courier.ts";

await runMain({
  name: "courier",
  schema: configSchema,
  start: startCourier,
  env: process.env,
  argv: process.argv.slice(2),
});
