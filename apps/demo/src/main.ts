/** The demo server: `node apps/demo/dist/main.js`. */
import { fileURLToPath } from "node:url";
import { createServer as createHttpServer } from "node:http";
import { createHub } from "@doorstep/agent";
import { listen, runMain } from "@doorstep/runtime";
import { Folder } from "./agent/folder.ts";
import { schema } from "./config.ts";
import { Desk } from "./desk.ts";
import { createServer } from "./server.ts";

await runMain({
  name: "demo",
  schema,
  env: process.env,
  argv: process.argv.slice(2),
  async start({ config, logger, shutdown }) {
    const onError = (err: unknown) => logger.error({ err }, "something failed");
    const hub = createHub({ redis: config.redisUrl, source: "urn:doorstep:demo", onError });
    shutdown.add("drain", "hub", () => hub.close());
    await hub.ready();
    const folder = new Folder(config.demoFolder);
    const desk = new Desk(hub, folder, onError);
    const pageDir = fileURLToPath(new URL("page", import.meta.url));
    const server = createHttpServer(createServer({ settings: config, folder, desk, pageDir, onError }));
    shutdown.add("refuse", "http", () => server.close().closeIdleConnections());
    const port = await listen(server, { host: config.host, port: config.port, setting: "PORT" });
    const { documents } = await folder.load();
    logger.info({ port, folder: folder.root, files: documents.length }, "demo ready");
  },
});
