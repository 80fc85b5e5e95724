/**
 * Free TCP ports on 127.0.0.1.
 *
 * They are taken at random from below the ephemeral range, so that no outgoing connection can occupy one between the
 * moment it is found and the moment a server listens on it, also when a killed server comes back to its port. Jest's workers
 * draw from parts of their own: a port that one has given away is not listened on all the time.
 */
import { randomInt } from "node:crypto";
import { createServer } from "node:net";

import { testEnvironment } from "./environment.ts";

const LOWEST = 12_000;
const BEYOND = 32_000;
const PARTS = 8;

const given = new Set<number>();

/** Finds a port that is free now and was not given before by this process. */
export async function freePort(): Promise<number>;
/** Finds `count` distinct ports. */
export async function freePort(count: number): Promise<number[]>;
export async function freePort(count?: number): Promise<number | number[]> {
  if (count === undefined) return findOne();
  const ports: number[] = [];
  while (ports.length < count) ports.push(await findOne());
  return ports;
}

async function findOne(): Promise<number> {
  for (;;) {
    const port = randomInt(...range());
    if (given.has(port) || !(await canListen(port))) continue;
    given.add(port);
    return port;
  }
}

/** The whole range outside Jest, whose workers are numbered from 1. */
function range(): [lowest: number, beyond: number] {
  const worker = Number(testEnvironment()["JEST_WORKER_ID"] ?? 0);
  if (worker === 0) return [LOWEST, BEYOND];
  const size = (BEYOND - LOWEST) / PARTS;
  const lowest = LOWEST + (worker % PARTS) * size;
  return [lowest, lowest + size];
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
