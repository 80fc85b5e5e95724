/** A publisher in a process of its own, as the harness holds it: its lines become operations of the history. */
import { type CleanUp, type LogLine, type Program, programPath, startProgram } from "@doorstep/testkit";

import type { History } from "../history.ts";
import type { PublisherOrders, PublishOperation } from "./publisher.ts";

/** Starts a publisher process; it publishes until it is stopped or killed. */
export async function startPublisherProcess(
  orders: PublisherOrders,
  history: History,
  cleanUp: CleanUp,
  env: Readonly<Record<string, string>> = {},
): Promise<Program> {
  const program = await startProgram({
    name: `publisher ${orders.name}`,
    script: programPath("soak", "publisher/main.js"),
    args: [JSON.stringify(orders)],
    env,
    ready: /publisher ready/,
    log: ({ text, fields }: LogLine) => {
      if (fields["op"] === "publish") history.log(fields as unknown as PublishOperation);
      else if (fields["msg"] === undefined) history.complain(`publisher ${orders.name} said: ${text}`);
    },
  });
  cleanUp.add(() => program.stop());
  return program;
}
