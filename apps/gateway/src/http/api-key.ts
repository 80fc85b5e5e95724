/** API keys: `Authorization: Bearer <key>`, each with one role; admin may do everything, publish and read their own part. */
import { createHash } from "node:crypto";
import type { NextFunction, Request, Response } from "express";
import { DoorstepError } from "@doorstep/protocol";
import type { ApiKey, ApiRole } from "../config.ts";

/** Makes a handler that lets only keys of some roles pass; throws UNAUTHORIZED or FORBIDDEN. */
export function createKeyCheck(
  keys: readonly ApiKey[],
): (...roles: ApiRole[]) => (request: Request, response: Response, next: NextFunction) => void {
  // Looked up by digest, so that how long it takes tells nothing about a key.
  const roles = new Map(keys.map(({ key, role }) => [digest(key), role]));
  return (...needed) =>
    (request, response, next) => {
      const key = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? "")?.[1];
      const role = key === undefined ? undefined : roles.get(digest(key));
      if (role === undefined) {
        response.setHeader("www-authenticate", "Bearer");
        throw new DoorstepError("UNAUTHORIZED", "Authorization: Bearer <key> is needed");
      }
      if (role !== "admin" && !needed.includes(role))
        throw new DoorstepError("FORBIDDEN", `the key has the role ${role}`);
      next();
    };
}

function digest(key: string): string {
  return createHash("sha256").update(key).digest("base64");
}
