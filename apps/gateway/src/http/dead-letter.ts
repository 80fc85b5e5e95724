/**
 * Dead letters over HTTP (PROTOCOL section 7.4): readers list and inspect, admins replay and purge.
 *
 * Times leave as RFC 3339. Events leave as envelopes with their offset, as a client would have got them.
 */
import express, { type Express, type RequestHandler } from "express";
import { isRecord } from "@doorstep/protocol";
import { type DeadLetter, type DeadLetterOffice, type DeadLetterSummary, summarize } from "@doorstep/mailbox";
import type { ApiRole } from "../config.ts";
import type { GatewayMetrics } from "../metric.ts";
import { parseBody, parseQuery } from "./parse.ts";
import { listSchema, purgeSchema } from "./schema.ts";

export interface DeadLetterRoutes {
  readonly needs: (role: ApiRole) => RequestHandler;
  readonly deadLetters: DeadLetterOffice;
  readonly metrics: Pick<GatewayMetrics, "deadLettersEnded">;
}

/** Adds the routes under /v1/dead-letters. */
export function addDeadLetterRoutes(app: Express, { needs, deadLetters, metrics }: DeadLetterRoutes): void {
  app.get("/v1/dead-letters", needs("read"), async (request, response) => {
    const { limit, after, ...filter } = parseQuery(listSchema, request);
    const { letters, next } = await deadLetters.list(filter, limit, after);
    response.json({ deadLetters: letters.map(tellSummary), next });
  });
  app.get("/v1/dead-letters/:id", needs("read"), async (request, response) => {
    response.json(tellLetter(await deadLetters.get(String(request.params["id"]))));
  });
  app.post("/v1/dead-letters/:id/replay", needs("admin"), async (request, response) => {
    const results = await deadLetters.replay(String(request.params["id"]));
    metrics.deadLettersEnded.inc({ outcome: "replayed" });
    response.json({ results });
  });
  app.delete("/v1/dead-letters/:id", needs("admin"), async (request, response) => {
    await deadLetters.purge(String(request.params["id"]));
    metrics.deadLettersEnded.inc({ outcome: "purged" });
    response.json({ purged: 1 });
  });
  app.post("/v1/dead-letters/purge", needs("admin"), express.json(), async (request, response) => {
    const { after, ...filter } = parseBody(purgeSchema, request);
    const result = await deadLetters.purgeAll(filter, after);
    metrics.deadLettersEnded.inc({ outcome: "purged" }, result.purged);
    response.json(result);
  });
}

function tellSummary(letter: DeadLetterSummary): Record<string, unknown> {
  const { publishedAtMs, heldAtMs, deadAtMs, keptUntilMs, ...rest } = letter;
  return {
    ...rest,
    publishedAt: timeOf(publishedAtMs),
    heldAt: timeOf(heldAtMs),
    deadAt: timeOf(deadAtMs),
    keptUntil: timeOf(keptUntilMs),
  };
}

function tellLetter(letter: DeadLetter): Record<string, unknown> {
  return {
    ...tellSummary(summarize(letter)),
    history: letter.history.map(({ atMs, what }) => ({ at: timeOf(atMs), what })),
    events: letter.events.map(([offset, body]) => ({ offset, ...readBody(body) })),
  };
}

/** Publishers write bodies into Redis themselves; one that is no event is shown as the text that it is. */
function readBody(body: string): Record<string, unknown> {
  try {
    const event: unknown = JSON.parse(body);
    return isRecord(event) ? event : { unreadable: body };
  } catch {
    return { unreadable: body };
  }
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}
