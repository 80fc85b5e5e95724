/**
 * Visitors: anonymous users, told apart by a cookie that scripts cannot read.
 *
 * The user id is derived from the cookie and not the other way round: ids appear in logs and URLs, and who knows one
 * must not be able to become that user.
 */
import { createHash, randomBytes } from "node:crypto";
import type { Request, Response } from "express";

const COOKIE = "doorstep_visitor";
const SECRET = /^[A-Za-z0-9_-]{43}$/;
const KEEP_MS = 30 * 24 * 3_600_000;

/** Answers the visitor's user id; undefined where there is no cookie, or one that is not ours. */
export function visitorOf(request: Request): string | undefined {
  for (const pair of (request.headers.cookie ?? "").split(";")) {
    const [name, value = ""] = pair.trim().split("=");
    if (name === COOKIE && SECRET.test(value)) return userIdOf(value);
  }
  return undefined;
}

/** Answers the visitor's user id, a new one with its cookie where there was none. */
export function welcomeVisitor(request: Request, response: Response): string {
  const known = visitorOf(request);
  if (known !== undefined) return known;
  const secret = randomBytes(32).toString("base64url");
  response.cookie(COOKIE, secret, { httpOnly: true, sameSite: "lax", secure: request.secure, maxAge: KEEP_MS });
  return userIdOf(secret);
}

function userIdOf(secret: string): string {
  return `guest-${createHash("sha256").update(secret).digest("base64url").slice(0, 22)}`;
}
