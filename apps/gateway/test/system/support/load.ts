/** Publishers under load: support/load.mjs as children, and what they were told. */
import { fileURLToPath } from "node:url";
import type { Offset } from "@doorstep/protocol";
import { type CleanUp, type Program, startProgram } from "@doorstep/testkit";

export interface LoadOrders {
  readonly redisUrl: string;
  readonly name: string;
  readonly users: readonly string[];
  /** Mean pause between an answer and the next publish to the same user, in milliseconds. */
  readonly paceMs: number;
}

/** An event that `replicated` answered for. */
export interface Acknowledged {
  readonly userId: string;
  readonly id: string;
  readonly offset: Offset;
  /** When the publisher had the answer. */
  readonly atMs: number;
}

/** Starts a publisher that goes on until it is stopped; every answer it gets is added to `acknowledged`. */
export async function startLoad(cleanUp: CleanUp, orders: LoadOrders, acknowledged: Acknowledged[]): Promise<Program> {
  const program = await startProgram({
    name: `load ${orders.name}`,
    script: fileURLToPath(new URL("./load.mjs", import.meta.url)),
    env: { LOAD_ORDERS: JSON.stringify(orders) },
    ready: /load ready/,
    log: ({ fields }) => {
      if (fields["msg"] === "acknowledged") acknowledged.push(fields as unknown as Acknowledged);
    },
  });
  cleanUp.add(() => program.stop());
  return program;
}
