import { createServer } from "node:http";
import type { Server } from "node:http";

import { afterEach, describe, expect, it } from "@jest/globals";

import { listen } from "../src/listen.ts";

const servers: Server[] = [];
function newServer(): Server {
  const server = createServer((_, response) => response.end("here"));
  servers.push(server);
  return server;
}
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

describe("listen", () => {
  it("answers the port it got", async () => {
    const port = await listen(newServer(), { host: "127.0.0.1", port: 0, setting: "PORT" });
    const response = await fetch(`http://127.0.0.1:${port}/`);
    expect(await response.text()).toBe("here");
  });

  it("says in one sentence that a port is in use and what to do", async () => {
    const port = await listen(newServer(), { host: "127.0.0.1", port: 0, setting: "PORT" });
    await expect(listen(newServer(), { host: "127.0.0.1", port, setting: "PORT" })).rejects.toThrow(
      `port ${port} on 127.0.0.1 is in use; stop the program that has it or set PORT to another`,
    );
  });

  it("says that an address is not of this machine", async () => {
    // 192.0.2.0/24 is reserved for documentation (RFC 5737).
    await expect(listen(newServer(), { host: "192.0.2.1", port: 0, setting: "PORT" })).rejects.toThrow(
      "port 0 on 192.0.2.1 cannot be listened on: this machine does not have that address; set the host to one it has",
    );
  });

  it("passes on what else went wrong, with its cause", async () => {
    const server = newServer();
    const cause = new Error("too many open files");
    const attempt = listen(server, { host: "127.0.0.1", port: 0, setting: "PORT" });
    server.emit("error", cause);
    await expect(attempt).rejects.toMatchObject({
      message: "port 0 on 127.0.0.1 cannot be listened on: too many open files",
      cause,
    });
  });
});
