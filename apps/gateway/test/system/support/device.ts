/**
 * Devices: clients of a test that remember everything they received, in order. One kind is our SDK, the other a bare
 * socket.io-client that only listens.
 */
import { createDoorstepClient, type DoorstepClient } from "@doorstep/client";
import { type Envelope, type Gap, isRecord, type Offset } from "@doorstep/protocol";
import type { CleanUp } from "@doorstep/testkit";
import { io, type Socket } from "socket.io-client";
import type { Deployment, Gateway } from "./deployment.ts";

/** What a device has seen. */
export interface Seen {
  readonly events: Envelope[];
  readonly gaps: Gap[];
}

export interface SdkDevice extends Seen {
  readonly client: DoorstepClient;
}

export interface BareDevice extends Seen {
  readonly socket: Socket;
  /** The argument of each `ready`. */
  readonly ready: unknown[];
}

/** Connects our SDK; the offset is kept in the array given, so that a later device may resume from it. */
export function connectSdk(
  deployment: Deployment,
  cleanUp: CleanUp,
  userId: string,
  gateway: Gateway | (() => Gateway),
  offset: { value?: Offset } = {},
): SdkDevice {
  const events: Envelope[] = [];
  const gaps: Gap[] = [];
  const place = typeof gateway === "function" ? gateway() : gateway;
  const client = createDoorstepClient({
    url: place.url,
    token: () => deployment.token(userId),
    offsetStore: { get: () => offset.value, set: (value: Offset) => void (offset.value = value) },
    backOff: { baseMs: 50, maxMs: 500 },
  });
  client.on("*", (event) => void events.push(event));
  client.onGap((gap) => void gaps.push(gap));
  client.connect();
  cleanUp.add(() => client.close());
  return { client, events, gaps };
}

/** Connects a bare socket.io-client that never acknowledges by hand. */
export async function connectBare(
  deployment: Deployment,
  cleanUp: CleanUp,
  userId: string,
  gateway: Gateway,
  auth: Record<string, unknown> = {},
): Promise<BareDevice> {
  const events: Envelope[] = [];
  const gaps: Gap[] = [];
  const ready: unknown[] = [];
  const token = await deployment.token(userId);
  const socket = io(gateway.url, { transports: ["websocket"], auth: { token, ...auth }, forceNew: true });
  socket.on("events", (list: Envelope[]) => void events.push(...list));
  socket.on("gap", (gap: Gap) => void gaps.push(gap));
  socket.on("ready", (message: unknown) => void ready.push(message));
  cleanUp.add(() => socket.disconnect());
  return { socket, events, gaps, ready };
}

/** The `data.n` of each event: what the publishers of these tests count. */
export function numbersOf(events: readonly Envelope[]): unknown[] {
  return events.map(({ data }) => (isRecord(data) ? data["n"] : undefined));
}

/** The offsets of events. */
export function offsetsOf(events: readonly Envelope[]): (Offset | undefined)[] {
  return events.map(({ offset }) => offset);
}
