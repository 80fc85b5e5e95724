import { createServer } from "node:net";

import { describe, expect, it } from "@jest/globals";

import { freePort } from "../src/free-port.ts";

/** Listens on the port and hangs up again; throws when it is taken. */
async function listenOnce(port: number): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
}

describe("freePort", () => {
  it("gives a port that a server can listen on", async () => {
    await expect(listenOnce(await freePort())).resolves.toBeUndefined();
  });

  it("gives distinct ports", async () => {
    const ports = await freePort(50);
    expect(new Set([...ports, ...(await freePort(50))]).size).toBe(100);
  });

  it("stays below the ephemeral range, which outgoing connections use", async () => {
    const ports = await freePort(50);
    expect(Math.max(...ports)).toBeLessThan(32_768);
  });
});
