/** Publisher processes: support/publisher.mjs as a child. */
import { fileURLToPath } from "node:url";
import { type CleanUp, type Program, startProgram } from "@doorstep/testkit";
import type { Deployment } from "./deployment.ts";

export interface PublisherOrders {
  readonly name: string;
  readonly users: readonly string[];
  /** Numbered events to each user. */
  readonly perUser: number;
  /** Pause after each round over the users, in milliseconds. @default 0 */
  readonly paceMs?: number;
}

/** Starts a publisher process; it ends with code 0 once every event is acknowledged by Redis. */
export async function startPublisher(
  deployment: Deployment,
  cleanUp: CleanUp,
  orders: PublisherOrders,
): Promise<Program> {
  const program = await startProgram({
    name: `publisher ${orders.name}`,
    script: fileURLToPath(new URL("./publisher.mjs", import.meta.url)),
    env: { PUBLISHER_ORDERS: JSON.stringify({ redisUrl: deployment.redisUrl, ...orders }) },
    ready: /publisher ready/,
  });
  cleanUp.add(() => program.stop());
  return program;
}
