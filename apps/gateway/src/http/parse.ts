/** What a request says, in the shape that its schema demands; throws INVALID_REQUEST naming what does not fit. */
import type { Request } from "express";
import type { z } from "zod";
import { DoorstepError } from "@doorstep/protocol";

/** Problems that one answer names. */
const MAX_PROBLEMS = 5;

/** Reads the JSON body of a request. */
export function parseBody<T extends z.ZodType>(schema: T, request: Request): z.output<T> {
  if (request.body === undefined)
    throw new DoorstepError("INVALID_REQUEST", "a body of type application/json is needed");
  return parse(schema, request.body, "body");
}

/** Reads the query of a request's URL. */
export function parseQuery<T extends z.ZodType>(schema: T, request: Request): z.output<T> {
  return parse(schema, { ...request.query }, "query");
}

/** Reads the named parts of a request's path. */
export function parsePath<T extends z.ZodType>(schema: T, request: Request): z.output<T> {
  return parse(schema, { ...request.params }, "path");
}

function parse<T extends z.ZodType>(schema: T, value: unknown, name: string): z.output<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues
    .slice(0, MAX_PROBLEMS)
    .map(({ path, message }) => `${path.join(".") || name}: ${message}`);
  throw new DoorstepError("INVALID_REQUEST", problems.join("; "));
}
