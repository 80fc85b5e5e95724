import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "@jest/globals";
import { createCleanUp } from "../src/clean-up.ts";
import { eventually } from "../src/eventually.ts";
import { startTcpProxy, type TcpProxy } from "../src/tcp-proxy.ts";

describe("the TCP proxy", () => {
  const cleanUp = createCleanUp();
  afterEach(() => cleanUp.run());

  /** A proxy before a server that answers each chunk with the same, and remembers it. */
  async function startEcho(): Promise<{ proxy: TcpProxy; heard: string[] }> {
    const heard: string[] = [];
    const server = createServer((socket) => {
      socket.on("error", () => socket.destroy());
      socket.on("data", (chunk) => {
        heard.push(String(chunk));
        socket.write(chunk);
      });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    cleanUp.add(() => server.close());
    const proxy = await startTcpProxy((server.address() as AddressInfo).port);
    cleanUp.add(() => proxy.close());
    return { proxy, heard };
  }

  async function open({ port }: TcpProxy): Promise<{ socket: Socket; answers: string[] }> {
    const answers: string[] = [];
    const socket = connect({ host: "127.0.0.1", port });
    await once(socket, "connect");
    socket.on("data", (chunk) => answers.push(String(chunk)));
    socket.on("error", () => socket.destroy());
    cleanUp.add(() => socket.destroy());
    return { socket, answers };
  }

  it("forwards both ways, counts connections, and hands on the end of either side", async () => {
    const { proxy } = await startEcho();
    const { socket, answers } = await open(proxy);
    socket.write("hello");
    await eventually(() => expect(answers).toEqual(["hello"]));
    expect(proxy.connections).toBe(1);
    socket.end();
    await once(socket, "close");
    await eventually(() => proxy.connections === 0);
  });

  it("breaks connections when it is cut and serves new ones", async () => {
    const { proxy } = await startEcho();
    const { socket } = await open(proxy);
    await eventually(() => proxy.connections === 1);
    proxy.cut();
    await once(socket, "close");
    const again = await open(proxy);
    again.socket.write("x");
    await eventually(() => expect(again.answers).toEqual(["x"]));
  });

  it("holds everything back without an error while paused, on old and new connections", async () => {
    const { proxy, heard } = await startEcho();
    const old = await open(proxy);
    old.socket.write("1");
    await eventually(() => expect(old.answers).toEqual(["1"]));
    proxy.pause();
    old.socket.write("2");
    const young = await open(proxy);
    young.socket.write("3");
    await eventually(() => proxy.connections === 2);
    // Another link shows that enough time has passed for a chunk to come through.
    const witness = await open((await startEcho()).proxy);
    witness.socket.write("w");
    await eventually(() => expect(witness.answers).toEqual(["w"]));
    expect(heard).not.toContain("2");
    expect(heard).not.toContain("3");
    expect([old.socket.destroyed, young.socket.destroyed]).toEqual([false, false]);
    proxy.resume();
    await eventually(() => expect([old.answers, young.answers]).toEqual([["1", "2"], ["3"]]));
  });

  it("forwards requests and swallows answers, then cuts", async () => {
    const { proxy, heard } = await startEcho();
    const { socket, answers } = await open(proxy);
    proxy.dropReplies(1);
    socket.write("asked");
    await once(socket, "close");
    expect(heard).toEqual(["asked"]);
    expect(answers).toEqual([]);
    const again = await open(proxy);
    again.socket.write("served");
    await eventually(() => expect(again.answers).toEqual(["served"]));
  });

  it("delays every chunk", async () => {
    const { proxy } = await startEcho();
    const { socket, answers } = await open(proxy);
    proxy.delay(60);
    const began = performance.now();
    socket.write("slow");
    await eventually(() => expect(answers).toEqual(["slow"]));
    // Once to the server and once back.
    expect(performance.now() - began).toBeGreaterThanOrEqual(115);
  });

  it("closes while it is paused, twice", async () => {
    const { proxy } = await startEcho();
    const { socket } = await open(proxy);
    proxy.pause();
    await Promise.all([once(socket, "close"), proxy.close()]);
    await proxy.close();
  });
});
