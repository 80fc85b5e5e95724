/**
 * Tokens: JWTs that name their user in `sub` and end at `exp`, checked with a shared secret (HS256 only) or with the keys
 * of a JWKS URL (asymmetric algorithms only), never both: a public key must not pass as a secret.
 */
import { webcrypto } from "node:crypto";
import { createRemoteJWKSet, errors, jwtVerify, type JWTPayload, type JWTVerifyOptions } from "jose";
import { DoorstepError } from "@doorstep/protocol";

export interface TokenOptions {
  readonly jwtSecret?: string | undefined;
  readonly jwksUrl?: string | undefined;
  readonly jwtIssuer?: string | undefined;
  readonly jwtAudience?: string | undefined;
  readonly jwtClockToleranceS: number;
}

/** What a token says. */
export interface Identity {
  readonly userId: string;
  /** When it is no longer accepted, the tolerance included; milliseconds since 1970. */
  readonly expiresAtMs: number;
}

/** Checks a token; throws TOKEN_EXPIRED, TOKEN_INVALID, or UNAVAILABLE where the keys cannot be fetched. */
export type VerifyToken = (token: string) => Promise<Identity>;

const { subtle } = webcrypto;

const ASYMMETRIC = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
];

/** What jose throws where the JWKS URL answers late, not with 200, or not with keys. */
const KEY_SOURCE_ERRORS: ReadonlySet<string> = new Set(["ERR_JWKS_TIMEOUT", "ERR_JWKS_INVALID", "ERR_JOSE_GENERIC"]);

/** Makes the check from the settings. */
export function createTokenCheck(options: TokenOptions): VerifyToken {
  const verify: JWTVerifyOptions = {
    algorithms: options.jwksUrl === undefined ? ["HS256"] : ASYMMETRIC,
    clockTolerance: options.jwtClockToleranceS,
    requiredClaims: ["sub", "exp"],
    ...(options.jwtIssuer === undefined ? {} : { issuer: options.jwtIssuer }),
    ...(options.jwtAudience === undefined ? {} : { audience: options.jwtAudience }),
  };
  const check = createKeyCheck(options, verify);
  return async (token) => {
    try {
      const { sub, exp } = await check(token);
      if (typeof sub !== "string" || sub === "") throw new DoorstepError("TOKEN_INVALID", "sub is missing");
      return { userId: sub, expiresAtMs: ((exp ?? 0) + options.jwtClockToleranceS) * 1_000 };
    } catch (error) {
      throw toTokenError(error);
    }
  };
}

function createKeyCheck(options: TokenOptions, verify: JWTVerifyOptions): (token: string) => Promise<JWTPayload> {
  if (options.jwksUrl !== undefined) {
    // jose caches the keys and waits between fetches, so unknown key ids cannot make it ask without end.
    const keys = createRemoteJWKSet(new URL(options.jwksUrl));
    return async (token) => (await jwtVerify(token, keys, verify)).payload;
  }
  const secret = new TextEncoder().encode(options.jwtSecret ?? "");
  // Imported once: of a secret as bytes every check would make a key anew.
  let imported: Promise<webcrypto.CryptoKey> | undefined;
  return async (token) => {
    imported ??= subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
    return (await jwtVerify(token, await imported, verify)).payload;
  };
}

function toTokenError(error: unknown): DoorstepError {
  if (error instanceof DoorstepError) return error;
  if (error instanceof errors.JWTExpired) return new DoorstepError("TOKEN_EXPIRED");
  const isTokensFault = error instanceof errors.JOSEError && !KEY_SOURCE_ERRORS.has(error.code);
  // The reason stays in the log: a stranger learns only that it is not valid.
  return new DoorstepError(isTokensFault ? "TOKEN_INVALID" : "UNAVAILABLE", undefined, { cause: error });
}
