/** The neighbour's process as the measurement holds it: its samples, cut out of the time that somebody asks for. */
import { setTimeout as delay } from "node:timers/promises";
import { type CleanUp, type GatewayProcess, type LogLine, programPath, startProgram } from "@doorstep/testkit";

import type { ProbeOrders } from "./probe/main.ts";

/** What one phase was like. */
export interface PhaseFigures {
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** By how much the gateway's resident memory was above its beginning at most, in MB. */
  readonly growthMb: number;
}

interface NeighbourOptions {
  readonly redisUrl: string;
  readonly gateway: GatewayProcess;
  readonly cleanUp: CleanUp;
}

const EVENTS_PER_S = 100;
const MEMORY_INTERVAL_MS = 500;
/** Longer than the probe keeps samples, and than any of its events is on its way. */
const LAST_SAMPLES_MS = 2_000;
const MEGABYTE = 1_048_576;

export class Neighbour {
  /** When an event was due, and how long after that it came. */
  readonly #samples: [dueAtMs: number, latencyMs: number][] = [];
  readonly #adminUrl: string;

  private constructor(adminUrl: string) {
    this.#adminUrl = adminUrl;
  }

  /** Starts the process; it runs until `cleanUp`. */
  static async start({ redisUrl, gateway, cleanUp }: NeighbourOptions): Promise<Neighbour> {
    const neighbour = new Neighbour(gateway.adminUrl);
    const orders: ProbeOrders = {
      redisUrl,
      gatewayUrl: gateway.url,
      userId: "neighbour",
      eventsPerS: EVENTS_PER_S,
    };
    const program = await startProgram({
      name: "neighbour",
      script: programPath("soak", "neighbour/probe/main.js"),
      args: [JSON.stringify(orders)],
      env: {},
      ready: /probe ready/,
      log: ({ fields }: LogLine) => {
        if (fields["msg"] === "samples") neighbour.#samples.push(...(fields["samples"] as [number, number][]));
      },
    });
    cleanUp.add(() => program.stop());
    return neighbour;
  }

  /** Measures while `body` runs. */
  async during(body: () => Promise<unknown>): Promise<PhaseFigures> {
    const baseBytes = await this.#readMemory();
    let mostBytes = baseBytes;
    const over = new AbortController();
    const watching = (async () => {
      while (!over.signal.aborted) {
        mostBytes = Math.max(mostBytes, await this.#readMemory());
        await delay(MEMORY_INTERVAL_MS, undefined, { signal: over.signal }).catch(() => "the phase is over");
      }
    })();
    const fromMs = Date.now();
    await body();
    const toMs = Date.now();
    over.abort();
    await watching;
    await delay(LAST_SAMPLES_MS);
    const latencies = this.#samples.filter(([dueAtMs]) => dueAtMs >= fromMs && dueAtMs < toMs).map(([, ms]) => ms);
    latencies.sort((a, b) => a - b);
    return {
      p50Ms: quantile(latencies, 0.5),
      p99Ms: quantile(latencies, 0.99),
      growthMb: (mostBytes - baseBytes) / MEGABYTE,
    };
  }

  async #readMemory(): Promise<number> {
    const text = await (await fetch(`${this.#adminUrl}/metrics`)).text();
    return Number(/^process_resident_memory_bytes (\S+)$/m.exec(text)?.[1]);
  }
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
