/** The live users' process as the measurement holds it: its samples, cut out of the time that somebody asks for. */
import { setTimeout as delay } from "node:timers/promises";
import { programPath, quantile, startActor } from "@doorstep/testkit";

import type { OfflineHub } from "./hub.ts";
import type { LiveOrders } from "./live/main.ts";

/** When something began and ended, in milliseconds since 1970. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface Latency {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const USERS = 500;
const EVENTS_PER_S = 500;
/** What a process takes once for good is not counted. */
const WARM_UP_MS = 5_000;
/** Longer than the process keeps samples, and than any of its events is on its way. */
const LAST_SAMPLES_MS = 2_000;

export class LiveLatency {
  /** When an event was due, and how long after that it came. */
  readonly #samples: [dueAtMs: number, latencyMs: number][] = [];

  /** Connects the live users, who stay until the hub ends, and lets them warm up. */
  static async start({ redis, gateway, cleanUp }: OfflineHub): Promise<LiveLatency> {
    const live = new LiveLatency();
    const orders: LiveOrders = {
      redisUrl: redis.url,
      gatewayUrl: gateway.url,
      users: USERS,
      eventsPerS: EVENTS_PER_S,
    };
    const onReport = ({ samples }: Readonly<Record<string, unknown>>): void => {
      live.#samples.push(...(samples as [number, number][]));
    };
    await startActor({ name: "live", script: programPath("soak", "offline/live/main.js"), orders, cleanUp, onReport });
    await delay(WARM_UP_MS);
    return live;
  }

  /** Waits for the last samples of what was measured. */
  async settle(): Promise<void> {
    await delay(LAST_SAMPLES_MS);
  }

  /** Latency of what was due in a span. */
  during({ fromMs, toMs }: Span): Latency {
    const latencies = this.#samples.filter(([dueAtMs]) => dueAtMs >= fromMs && dueAtMs < toMs).map(([, ms]) => ms);
    return { p50Ms: quantile(latencies, 0.5), p99Ms: quantile(latencies, 0.99) };
  }
}
