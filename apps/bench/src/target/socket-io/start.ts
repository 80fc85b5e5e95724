/** Starts servers of plain Socket.IO: main.ts beside this file, with one of the Redis adapters. */
import { freePort, programPath, startProgram } from "@doorstep/testkit";

import type { DeployOptions, Deployment, Server } from "../../target.ts";
import type { AdapterName } from "./adapter.ts";

/** What a server is told, as its only argument. */
export interface ServerOrders {
  readonly adapter: AdapterName;
  readonly redisUrl: string;
  readonly port: number;
}

/** Starts as many servers as are asked for. */
export async function startSocketIo(
  adapter: AdapterName,
  { redisUrl, servers: count, cleanUp }: DeployOptions,
): Promise<Deployment> {
  const servers: Server[] = [];
  const startServer = async (): Promise<Server> => {
    const port = await freePort();
    const orders: ServerOrders = { adapter, redisUrl, port };
    const program = await startProgram({
      name: `socket.io ${adapter}`,
      script: programPath("bench", "target/socket-io/main.js"),
      args: [JSON.stringify(orders)],
      env: { NODE_ENV: "production" },
      ready: /"msg":"ready"/,
    });
    cleanUp.add(() => program.stop());
    const server: Server = {
      name: program.name,
      url: `http://127.0.0.1:${port}`,
      pid: program.pid,
      kill: (signal) => program.kill(signal),
    };
    servers.push(server);
    return server;
  };
  await Promise.all(Array.from({ length: count }, startServer));
  return { servers, companions: {}, startServer };
}
