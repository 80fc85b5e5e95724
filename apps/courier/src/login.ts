/**
 * Login: HTTP Basic, one user (`admin`) and one password.
 *
 * Credentials are compared as digests, in constant time. Whoever guesses is slowed down: after five failures within a minute
 * each further attempt, right or wrong, waits a second before it is looked at, and of those that wait there are sixteen at
 * most. So a process looks at sixteen guesses a second; what people pay is a slow page while somebody guesses.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

/** Name of the only user. */
export const ADMIN_USER = "admin";

const FAILURES = 5;
const WITHIN_MS = 60_000;
const SLOW_MS = 1_000;
const MOST_WAITING = 16;

/** busy: too many attempts wait; nobody looked at this one. */
export type LoginOutcome = "accepted" | "missing" | "wrong" | "busy";

export class Login {
  readonly #wanted: Buffer;
  /** When the last failures were, oldest first. */
  #failedAtMs: number[] = [];
  #waiting = 0;

  constructor(password: string) {
    this.#wanted = digest(`${ADMIN_USER}:${password}`);
  }

  /** Decides about the value of an `Authorization` header. */
  async check(authorization: string | undefined): Promise<LoginOutcome> {
    if (authorization === undefined) return "missing";
    if (this.#isGuessedAt()) {
      if (this.#waiting >= MOST_WAITING) return "busy";
      this.#waiting += 1;
      await sleep(SLOW_MS);
      this.#waiting -= 1;
    }
    if (timingSafeEqual(digest(credentials(authorization)), this.#wanted)) return "accepted";
    this.#failedAtMs = [...this.#failedAtMs, performance.now()].slice(-FAILURES);
    return "wrong";
  }

  #isGuessedAt(): boolean {
    const [oldest] = this.#failedAtMs;
    return oldest !== undefined && this.#failedAtMs.length === FAILURES && performance.now() - oldest < WITHIN_MS;
  }
}

/** `user:password`; empty text, which is never right, for another scheme. */
function credentials(authorization: string): string {
  const [, encoded = ""] = /^Basic +(\S+)$/i.exec(authorization) ?? [];
  return Buffer.from(encoded, "base64").toString("utf8");
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
