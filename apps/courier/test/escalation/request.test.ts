import { afterEach, describe, expect, it } from "@jest/globals";
import { createCleanUp, eventually, freePort } from "@doorstep/testkit";
import { AddressGuard } from "../../src/escalation/address-guard.ts";
import { type Answer, createPost, type PostOptions } from "../../src/escalation/request.ts";
import { RESET, SILENT, startEndpoint, startListener, status } from "./support/endpoint.ts";

const cleanUp = createCleanUp();
afterEach(() => cleanUp.run());

const LOOPBACK = new AddressGuard({ allow: ["127.0.0.0/8"] });
/** Every name is loopback, as no DNS would say. */
const PINNED = new AddressGuard({
  allow: ["hooks.example"],
  resolve: () => Promise.resolve([{ address: "127.0.0.1", family: 4 }]),
});
const BODY = Buffer.from('{"text":"café"}');

function post(url: string, options: Partial<PostOptions> = {}, headers: Record<string, string> = {}): Promise<Answer> {
  return createPost({ guard: LOOPBACK, ...options })({ url, headers, body: BODY });
}

describe("createPost", () => {
  it("posts the very bytes on a connection of its own", async () => {
    const endpoint = await startEndpoint(cleanUp, status(204));
    expect(await post(endpoint.url, {}, { "x-kind": "test" })).toEqual({ kind: "answered", status: 204 });
    const [{ method, path, headers, body } = {}] = endpoint.received;
    expect([method, path, body]).toEqual(["POST", "/hook", BODY]);
    expect(headers).toMatchObject({ "x-kind": "test", "content-length": `${BODY.length}`, connection: "close" });
  });

  it("connects to the address that was judged and keeps the name in Host", async () => {
    const endpoint = await startEndpoint(cleanUp);
    expect(await post(`http://hooks.example:${endpoint.port}/`, { guard: PINNED })).toMatchObject({ status: 200 });
    expect(endpoint.received[0]?.headers.host).toBe(`hooks.example:${endpoint.port}`);
  });

  it("asks TLS for the name, not for the address", async () => {
    const listener = await startListener(cleanUp);
    const answer = await post(`https://hooks.example:${listener.port}/`, { guard: PINNED });
    expect(answer.kind).toBe("failed");
    expect((await listener.greeting()).includes("hooks.example")).toBe(true);
  });

  it("never makes a request that the guard refuses", async () => {
    const endpoint = await startEndpoint(cleanUp);
    const guard = new AddressGuard();
    expect(await post(`https://127.0.0.1:${endpoint.port}/`, { guard })).toMatchObject({ kind: "refused" });
    expect(await post(`https://localhost:${endpoint.port}/`, { guard })).toMatchObject({ kind: "refused" });
    expect(await post("no URL")).toEqual({ kind: "refused", reason: "not a URL" });
    expect(endpoint.received).toEqual([]);
  });

  it("does not follow a redirect", async () => {
    const endpoint = await startEndpoint(cleanUp);
    endpoint.behave(status(307, { location: `${endpoint.url}/elsewhere` }));
    expect(await post(endpoint.url)).toEqual({ kind: "answered", status: 307 });
    expect(endpoint.received).toHaveLength(1);
  });

  it("gives up an endpoint that does not answer in time", async () => {
    const endpoint = await startEndpoint(cleanUp, SILENT);
    expect(await post(endpoint.url, { timeoutMs: 100 })).toEqual({ kind: "failed", reason: "timeout" });
  });

  it("gives up a name that does not resolve in time", async () => {
    const guard = new AddressGuard({ resolve: () => new Promise(() => undefined) });
    expect(await post("https://hooks.example/", { guard, timeoutMs: 50 })).toEqual({
      kind: "failed",
      reason: "timeout",
    });
  });

  it("gives up when told to", async () => {
    const ending = new AbortController();
    const endpoint = await startEndpoint(cleanUp, () => ending.abort());
    const answer = { kind: "failed", reason: "shutting down" };
    expect(await post(endpoint.url, { signal: ending.signal })).toEqual(answer);
    expect(await post(endpoint.url, { signal: ending.signal })).toEqual(answer);
    expect(endpoint.received).toHaveLength(1);
  });

  it("cuts the connection when an answer is too long, and the status counts", async () => {
    let written = 0;
    let isCut = false;
    const endpoint = await startEndpoint(cleanUp, (response) => {
      const chunk = Buffer.alloc(65_536);
      const write = (): void => {
        do written += chunk.length;
        while (!response.destroyed && response.write(chunk));
      };
      response.on("drain", write).on("close", () => (isCut = true));
      response.writeHead(200);
      write();
    });
    expect(await post(endpoint.url, { maxResponseBytes: 1_000, timeoutMs: 600_000 })).toEqual({
      kind: "answered",
      status: 200,
    });
    await eventually(() => isCut);
    expect(written).toBeLessThan(64 * 1024 * 1024);
  });

  it("takes the status of an answer whose body never ends, or is cut off", async () => {
    const endpoint = await startEndpoint(cleanUp, (response) => response.writeHead(200).write("a"));
    // On a machine that is busy for so long, the time is over before the status is here.
    await eventually(async () => {
      expect(await post(endpoint.url, { timeoutMs: 250 })).toEqual({ kind: "answered", status: 200 });
    });
    endpoint.behave((response) => response.writeHead(500).write("a", () => response.socket?.resetAndDestroy()));
    expect(await post(endpoint.url)).toEqual({ kind: "answered", status: 500 });
  });

  it("fails where the connection is reset, closed, upgraded or refused", async () => {
    const endpoint = await startEndpoint(cleanUp, RESET);
    expect(await post(endpoint.url)).toEqual({ kind: "failed", reason: "ECONNRESET" });
    endpoint.behave((response) => response.socket?.end());
    expect(await post(endpoint.url)).toMatchObject({ kind: "failed" });
    endpoint.behave((response) =>
      response.socket?.end("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"),
    );
    expect(await post(endpoint.url)).toMatchObject({ kind: "failed" });
    endpoint.behave((response) => response.socket?.end("SSH-2.0-nonsense\r\n"));
    expect(await post(endpoint.url)).toMatchObject({ kind: "failed" });
    expect(await post(`http://127.0.0.1:${await freePort()}/`)).toEqual({ kind: "failed", reason: "ECONNREFUSED" });
  });

  it("refuses a header that cannot be sent", async () => {
    const endpoint = await startEndpoint(cleanUp);
    expect(await post(endpoint.url, {}, { "x-kind": "a\r\nb" })).toMatchObject({ kind: "refused" });
    expect(endpoint.received).toEqual([]);
  });
});
