/** The gateway program. */
import { runMain } from "@doorstep/runtime";
import { configSchema } from "./config.ts";
import { startGateway } from "./gateway.ts";

await runMain({
  name: "gateway",
  schema: configSchema,
  start: startGateway,
  env: process.env,
  argv: process.argv.slice(2),
});
