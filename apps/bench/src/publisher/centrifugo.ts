/**
 * Publishes by Centrifugo's HTTP API: what was published while a request was under way goes together in the next one, one
 * request at a time, which keeps each user's order. Nothing is sent twice: after an error the next batch goes to the next
 * server.
 */
import { setImmediate as immediate } from "node:timers/promises";

import { channelOf } from "../user.ts";
import type { Publisher } from "./publisher.ts";

interface Waiting {
  readonly command: object;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

interface BatchReply {
  readonly replies: readonly { readonly publish?: object; readonly error?: object }[];
}

const MOST_AT_ONCE = 1_000;

export async function connectCentrifugo(_redisUrl: string, servers: readonly string[]): Promise<Publisher> {
  const waiting: Waiting[] = [];
  let isSending = false;
  let server = 0;

  const send = async (batch: readonly Waiting[]): Promise<void> => {
    const { replies } = await post(
      servers[server % servers.length] ?? "",
      batch.map(({ command }) => command),
    );
    for (const [index, { resolve, reject }] of batch.entries()) {
      const reply = replies[index];
      if (reply !== undefined && reply.error === undefined) resolve();
      else reject(new Error(JSON.stringify(reply?.error ?? "no reply")));
    }
  };
  const sendAll = async (): Promise<void> => {
    isSending = true;
    while (waiting.length > 0) {
      await immediate();
      const batch = waiting.splice(0, MOST_AT_ONCE);
      await send(batch).catch((error: unknown) => {
        server += 1;
        for (const { reject } of batch) reject(error);
      });
    }
    isSending = false;
  };
  return {
    publish: (userId, data) =>
      new Promise<void>((resolve, reject) => {
        waiting.push({ command: { publish: { channel: channelOf(userId), data } }, resolve, reject });
        if (!isSending) void sendAll();
      }),
    close: async () => undefined,
  };
}

async function post(server: string, commands: readonly object[]): Promise<BatchReply> {
  const response = await fetch(`${server}/api/batch`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ commands }),
  });
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return (await response.json()) as BatchReply;
}
