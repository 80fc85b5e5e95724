/**
 * The HTTP API (PROTOCOL section 7). No route has a pattern; every error has the form of the one table.
 */
import express, { type ErrorRequestHandler, type Express } from "express";
import type { DeadLetterOffice } from "@doorstep/mailbox";
import { DoorstepError, toDoorstepError } from "@doorstep/protocol";
import type { Logger } from "@doorstep/runtime";
import type { Store } from "@doorstep/store";
import type { GatewayConfig } from "../config.ts";
import type { GatewayMetrics } from "../metric.ts";
import { createKeyCheck } from "./api-key.ts";
import { addDeadLetterRoutes } from "./dead-letter.ts";
import { parseBody } from "./parse.ts";
import type { Publisher } from "./publish.ts";
import { batchSchema, publishSchema } from "./schema.ts";
import { addUserRoutes } from "./user.ts";

/** Room for the fields around an event's data, and for JSON that is longer in the request than in the log. */
const REQUEST_SLACK_BYTES = 65_536;
const BATCH_BYTES = 8 * 1_048_576;
const RETRY_AFTER_S = 1;

export interface AppOptions {
  readonly config: Pick<GatewayConfig, "apiKeys" | "maxPayloadBytes">;
  readonly publisher: Publisher;
  readonly store: Store;
  readonly deadLetters: DeadLetterOffice;
  readonly metrics: GatewayMetrics;
  readonly logger: Logger;
}

/** Makes the express app. */
export function createApp({ config, publisher, store, deadLetters, metrics, logger }: AppOptions): Express {
  const app = express();
  const needs = createKeyCheck(config.apiKeys);
  app.disable("x-powered-by");
  app.set("query parser", "simple");
  const publishBody = express.json({ limit: config.maxPayloadBytes * 2 + REQUEST_SLACK_BYTES, strict: true });

  app.post("/v1/publish", needs("publish"), publishBody, async (request, response) => {
    const { userId, userIds, durability, ...event } = parseBody(publishSchema, request);
    if (userIds === undefined) response.json(await publisher.publish(userId ?? "", event, durability));
    else response.json({ results: await publisher.publishToMany(userIds, event, durability) });
  });
  app.post("/v1/publish/batch", needs("publish"), express.json({ limit: BATCH_BYTES }), async (request, response) => {
    const { events, durability } = parseBody(batchSchema, request);
    response.json({ results: await publisher.publishBatch(events, durability) });
  });
  addUserRoutes(app, { needs, store });
  addDeadLetterRoutes(app, { needs, deadLetters, metrics });
  app.use(() => {
    throw new DoorstepError("NOT_FOUND");
  });
  app.use(errorHandler(logger));
  return app;
}

function errorHandler(logger: Logger): ErrorRequestHandler {
  // Express knows an error handler by its four parameters.
  return (thrown: unknown, _request, response, _next) => {
    const error = fromExpress(thrown) ?? toDoorstepError(thrown);
    if (error.code === "INTERNAL") logger.error({ err: error.cause ?? error }, "a request failed");
    if (error.retryable) response.setHeader("retry-after", RETRY_AFTER_S);
    response.status(error.status).json(error.toAnswer());
  };
}

/**
 * A path that is not percent-encoded text is the caller's. body-parser's errors carry a `type`; so is a body that is no
 * JSON, too large or of a strange charset.
 */
function fromExpress(thrown: unknown): DoorstepError | undefined {
  if (thrown instanceof URIError) return new DoorstepError("INVALID_REQUEST", "the path is not well-formed");
  if (!(thrown instanceof Error) || !("type" in thrown) || !("status" in thrown)) return undefined;
  if (thrown.type === "entity.too.large") return new DoorstepError("TOO_LARGE", "the request body is too large");
  return Number(thrown.status) < 500 ? new DoorstepError("INVALID_REQUEST", "the body is not usable JSON") : undefined;
}
