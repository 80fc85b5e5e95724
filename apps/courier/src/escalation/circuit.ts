/**
 * Circuits: one breaker per origin in front of a Post.
 *
 *   closed      requests pass; `failures` of them in a row that fail open it
 *   open        for `openMs` no request is made, the answer is "failed" at once, with the time that is left
 *   half open   one request passes and decides between closed and open; others are answered as if it were open
 *
 * So an endpoint that is down costs a courier nothing, and is not greeted by everything that waited. Each courier has its
 * own circuits. Origins that users name are without bound, so only the MAX_ORIGINS used last are remembered.
 */
import {
  circuitBreaker,
  type CircuitBreakerPolicy,
  CircuitState,
  ConsecutiveBreaker,
  handleWhenResult,
} from "cockatiel";

import { isFailure } from "./outcome.ts";
import type { Answer, Post } from "./request.ts";

const MAX_ORIGINS = 1_000;

export interface CircuitOptions {
  /** Failures in a row that open a circuit. @default 5 */
  readonly failures?: number;
  /** How long it stays open, in milliseconds. @default 30_000 */
  readonly openMs?: number;
  /** Called whenever a circuit opens. */
  readonly onOpen?: (origin: string) => void;
}

interface Circuit {
  readonly breaker: CircuitBreakerPolicy;
  opensAgainAtMs: number;
}

/** Puts circuits in front of a Post. */
export function withCircuits(post: Post, { failures = 5, openMs = 30_000, onOpen }: CircuitOptions = {}): Post {
  const circuits = new Map<string, Circuit>();

  const createCircuit = (origin: string): Circuit => {
    const breaker = circuitBreaker(
      handleWhenResult((answer) => isFailure(answer as Answer)),
      { halfOpenAfter: openMs, breaker: new ConsecutiveBreaker(failures) },
    );
    const circuit = { breaker, opensAgainAtMs: 0 };
    breaker.onBreak(() => {
      circuit.opensAgainAtMs = Date.now() + openMs;
      onOpen?.(origin);
    });
    return circuit;
  };

  const circuitOf = (origin: string): Circuit => {
    const circuit = circuits.get(origin) ?? createCircuit(origin);
    circuits.delete(origin);
    circuits.set(origin, circuit);
    const [oldest] = circuits.keys();
    if (circuits.size > MAX_ORIGINS && oldest !== undefined) circuits.delete(oldest);
    return circuit;
  };

  return (request) => {
    if (!URL.canParse(request.url)) return post(request);
    const circuit = circuitOf(new URL(request.url).origin);
    const { state } = circuit.breaker;
    const leftMs = circuit.opensAgainAtMs - Date.now();
    const isClosed = state === CircuitState.Closed || (state === CircuitState.Open && leftMs <= 0);
    if (isClosed) return circuit.breaker.execute(() => post(request));
    return Promise.resolve({ kind: "failed", reason: "circuit open", afterMs: Math.max(0, leftMs) });
  };
}
