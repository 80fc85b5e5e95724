/** Starts brokers: main.ts beside this file, each with a port for WebSockets and one for MQTT itself. */
import { freePort, programPath, startProgram } from "@doorstep/testkit";

import type { DeployOptions, Deployment, Server } from "../../target.ts";

/** What a broker is told, as its only argument. */
export interface BrokerOrders {
  readonly redisUrl: string;
  readonly webSocketPort: number;
  readonly mqttPort: number;
}

/** Starts as many brokers as are asked for. */
export async function startAedes({ redisUrl, servers: count, cleanUp }: DeployOptions): Promise<Deployment> {
  const servers: Server[] = [];
  const publishTo: string[] = [];
  const startServer = async (): Promise<Server> => {
    const orders: BrokerOrders = { redisUrl, webSocketPort: await freePort(), mqttPort: await freePort() };
    const program = await startProgram({
      name: "aedes",
      script: programPath("bench", "target/aedes/main.js"),
      args: [JSON.stringify(orders)],
      env: { NODE_ENV: "production" },
      ready: /"msg":"ready"/,
    });
    cleanUp.add(() => program.stop());
    const server: Server = {
      name: program.name,
      url: `http://127.0.0.1:${orders.webSocketPort}`,
      pid: program.pid,
      kill: (signal) => program.kill(signal),
    };
    servers.push(server);
    publishTo.push(`mqtt://127.0.0.1:${orders.mqttPort}`);
    return server;
  };
  await Promise.all(Array.from({ length: count }, startServer));
  return { servers, publishTo, companions: {}, startServer };
}
