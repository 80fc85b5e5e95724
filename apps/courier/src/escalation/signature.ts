/**
 * Signatures of the Standard Webhooks form (standardwebhooks.com), so that receivers can use its libraries.
 *
 * What is signed is `<id>.<seconds>.<body>`, by HMAC-SHA256, the body as the very bytes that are sent. Every secret signs:
 * while one is being replaced, receivers that know the old one and those that know the new one both find theirs.
 */
import { createHmac } from "node:crypto";

const PREFIX = "whsec_";
/** What Standard Webhooks asks of a symmetric secret. */
const MIN_SECRET_BYTES = 24;
const MAX_SECRET_BYTES = 64;

/** The key of a secret. */
export type SigningKey = Buffer;

/** The three headers that a receiver verifies. */
export interface SignatureHeaders {
  readonly "webhook-id": string;
  readonly "webhook-timestamp": string;
  readonly "webhook-signature": string;
}

/** Reads a secret, `whsec_` and 24 to 64 bytes of base64; undefined for anything else. */
export function readSecret(secret: string): SigningKey | undefined {
  const text = secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : "";
  const key = Buffer.from(text, "base64");
  // Node passes over what is no base64; only a secret that reads back the same is the one that was meant.
  const isExact = key.toString("base64").replace(/=+$/, "") === text.replace(/=+$/, "");
  return isExact && key.length >= MIN_SECRET_BYTES && key.length <= MAX_SECRET_BYTES ? key : undefined;
}

/** Signs a body with each key, the first key's signature first. */
export function signatureHeaders(
  keys: readonly SigningKey[],
  id: string,
  nowMs: number,
  body: Buffer,
): SignatureHeaders {
  const seconds = Math.floor(nowMs / 1_000);
  const signatures = keys.map((key) => {
    const digest = createHmac("sha256", key).update(`${id}.${seconds}.`).update(body).digest("base64");
    return `v1,${digest}`;
  });
  return { "webhook-id": id, "webhook-timestamp": String(seconds), "webhook-signature": signatures.join(" ") };
}
