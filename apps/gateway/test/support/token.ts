/** Tokens of users, good ones and ones that must be refused. */
import { SignJWT } from "jose";

export const SECRET = "the secret that signs tokens in tests";

/** Signs claims with HS256; `secret` is not always the gateway's. */
export function sign(claims: Record<string, unknown>, secret = SECRET): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg: "HS256" }).sign(new TextEncoder().encode(secret));
}

/** A good token of a user that lives so long from now; a JWT counts in seconds, and fractions of them count too. */
export function tokenOf(userId: string, lifeMs = 3_600_000): Promise<string> {
  return sign({ sub: userId, exp: (Date.now() + lifeMs) / 1_000 });
}

/** An unsigned token: `alg: none`. */
export function unsigned(claims: object): string {
  const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString("base64url");
  return `${encode({ alg: "none", typ: "JWT" })}.${encode(claims)}.`;
}
