/**
 * What Doorstep knows of one user (PROTOCOL section 7.5): what became of an event, what waits, and who is connected.
 *
 * Receipts are also for publishers, who ask by ids that they know; mailbox and presence are for readers. Times leave as
 * RFC 3339, and nothing here tells what an event says.
 */
import type { Express, RequestHandler } from "express";
import { parseOffset } from "@doorstep/protocol";
import type { Store } from "@doorstep/store";
import type { ApiRole } from "../config.ts";
import { parsePath, parseQuery } from "./parse.ts";
import { eventPathSchema, noQuerySchema, receiptQuerySchema, userPathSchema } from "./schema.ts";

export interface UserRoutes {
  /** Lets keys of any of these roles pass. */
  readonly needs: (...roles: ApiRole[]) => RequestHandler;
  readonly store: Pick<Store, "log" | "presence" | "receipts">;
}

/** Adds the routes under /v1/users. */
export function addUserRoutes(app: Express, { needs, store: { log, presence, receipts } }: UserRoutes): void {
  app.get("/v1/users/:userId/events/:eventId", needs("read", "publish"), async (request, response) => {
    const { userId, eventId } = parsePath(eventPathSchema, request);
    const { offset } = parseQuery(receiptQuerySchema, request);
    const place = offset === undefined ? undefined : parseOffset(offset);
    const receipt = await receipts.receipt(log.keysOf(userId), eventId, place);
    const { publishedAtMs, expiresAtMs, escalatedAtMs, acknowledgedByMs, ...rest } = receipt;
    response.json({
      ...rest,
      publishedAt: timeOf(publishedAtMs),
      expiresAt: timeOf(expiresAtMs),
      escalatedAt: timeOf(escalatedAtMs),
      acknowledgedBy: timeOf(acknowledgedByMs),
    });
  });
  app.get("/v1/users/:userId/mailbox", needs("read"), async (request, response) => {
    const { userId } = parsePath(userPathSchema, request);
    parseQuery(noQuerySchema, request);
    const { oldestAtMs, ...rest } = await receipts.mailbox(log.keysOf(userId));
    response.json({ ...rest, oldestAt: timeOf(oldestAtMs) });
  });
  app.get("/v1/users/:userId/presence", needs("read"), async (request, response) => {
    const { userId } = parsePath(userPathSchema, request);
    parseQuery(noQuerySchema, request);
    const connections = await presence.connections(log.keysOf(userId), await presence.liveGateways());
    response.json({
      online: connections.length > 0,
      connections: connections.map(({ socketId, gatewayId, sinceMs }) => ({
        socketId,
        gateway: gatewayId,
        since: timeOf(sinceMs),
      })),
    });
  });
}

function timeOf(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}
