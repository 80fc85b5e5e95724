/**
 * One repetition: a fresh hub with one gateway, a neighbour whose latency is read all the time, and three phases beside it,
 * in an order that turns with each repetition.
 *
 *   alone     nothing else happens
 *   reading   the megabytes go to a client that reads them: what such a load costs by itself
 *   stopped   the same to a client that stopped reading; and then
 *   again     that client reads all of it
 */
import { setTimeout as delay } from "node:timers/promises";
import { createHub } from "@doorstep/agent";
import { decodeEvents, isRecord } from "@doorstep/protocol";
import { type CleanUp, createCleanUp, createHubProcesses, eventually, startRedis } from "@doorstep/testkit";
import type { Socket } from "socket.io-client";

import { connectRaw } from "../raw-client.ts";
import { publishAtRate } from "./flood.ts";
import { Neighbour, type PhaseFigures } from "./neighbour.ts";

/** How much is published beside the neighbour, and how fast. */
export interface FloodOrders {
  readonly megabytes: number;
  readonly megabytesPerS: number;
}

export const PHASES = ["alone", "reading", "stopped", "again"] as const;
export type Phase = (typeof PHASES)[number];

/** What a repetition amounts to. */
export interface Repetition {
  readonly phases: Readonly<Record<Phase, PhaseFigures>>;
  /** What the stopped client got in the end, in order, of what was published to it. */
  readonly arrived: number;
  readonly published: number;
  readonly gaps: number;
}

/** A client of the flood, and what it got: the numbers of its events in the order of their coming. */
interface Listener {
  readonly socket: Socket;
  readonly numbers: number[];
  gaps: number;
}

const EVENT_BYTES = 32_000;
const MEGABYTE = 1_000_000;
const QUIET_MS = 2_000;
const AGAIN_MS = 120_000;
/** A first round, so that what programs take once for good is not counted. */
const WARM_UP_SHARE = 1 / 4;
/** Redis does not compact its file meanwhile: that is owed to the megabytes, whoever reads them, and hits one phase or another. */
const REDIS_ARGS = ["--auto-aof-rewrite-percentage", "0"];
/** The client is neither given up for not reading nor for not answering pings: that is another matter. */
const PATIENT = { DOORSTEP_STUCK_MS: "300000", DOORSTEP_PING_TIMEOUT_MS: "300000" };

/** Runs a repetition; `turn` turns the order of its phases. */
export async function runRepetition({ megabytes, megabytesPerS }: FloodOrders, turn: number): Promise<Repetition> {
  const cleanUp = createCleanUp();
  try {
    const events = Math.ceil((megabytes * MEGABYTE) / EVENT_BYTES);
    const redis = await startRedis({ args: REDIS_ARGS });
    cleanUp.add(() => redis.stop());
    const gateway = await createHubProcesses({ redisUrl: redis.url, cleanUp, env: PATIENT }).startGateway();
    const limits = { logMaxEvents: 2 * events, mailboxMaxBytes: 4 * megabytes * MEGABYTE };
    const hub = createHub({ redis: redis.url, source: "urn:soak:flood", limits });
    cleanUp.add(() => hub.close());
    const rate = { eventBytes: EVENT_BYTES, eventsPerS: (megabytesPerS * MEGABYTE) / EVENT_BYTES };
    const flood = (userId: string, count = events) => publishAtRate(hub, userId, { ...rate, count });

    const warm = await listen(gateway.url, "warm", cleanUp);
    const neighbour = await Neighbour.start({ redisUrl: redis.url, gateway, cleanUp });
    await flood("warm", Math.ceil(events * WARM_UP_SHARE));
    warm.socket.disconnect();

    const reader = await listen(gateway.url, "reader", cleanUp);
    const stopped = await listen(gateway.url, "stopped", cleanUp);
    const figures: Partial<Record<Phase, PhaseFigures>> = {};
    const measure = async (phase: Phase, body: () => Promise<unknown>): Promise<void> => {
      await delay(QUIET_MS);
      figures[phase] = await neighbour.during(body);
    };
    const stops = async (): Promise<void> => {
      const { ws } = stopped.socket.io.engine.transport as unknown as { ws: { pause(): void; resume(): void } };
      ws.pause();
      await measure("stopped", () => flood("stopped"));
      await measure("again", async () => {
        ws.resume();
        await eventually(() => stopped.numbers.length >= events, { timeoutMs: AGAIN_MS }).catch(() => "told below");
      });
    };
    const parts = [
      () => measure("alone", () => delay((megabytes / megabytesPerS) * 1_000)),
      () => measure("reading", () => flood("reader")),
      stops,
    ];
    for (let i = 0; i < parts.length; i++) await parts[(i + turn) % parts.length]?.();
    if (reader.numbers.length < events) await eventually(() => reader.numbers.length >= events);
    return {
      phases: figures as Record<Phase, PhaseFigures>,
      arrived: stopped.numbers.filter((n, index) => n === index).length,
      published: events,
      gaps: stopped.gaps,
    };
  } finally {
    await cleanUp.run();
  }
}

async function listen(url: string, userId: string, cleanUp: CleanUp): Promise<Listener> {
  const socket = connectRaw(url, userId, {});
  cleanUp.add(() => socket.disconnect());
  const listener: Listener = { socket, numbers: [], gaps: 0 };
  socket.on("events", (batch: unknown) => {
    for (const { data } of decodeEvents(batch)) listener.numbers.push(isRecord(data) ? Number(data["n"]) : -1);
  });
  socket.on("gap", () => void (listener.gaps += 1));
  await new Promise((resolve) => socket.once("ready", resolve));
  return listener;
}
