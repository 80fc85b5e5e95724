/** A real HTTP endpoint on loopback that behaves as it is told and remembers what it was asked. */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from "node:net";
import { buffer } from "node:stream/consumers";
import { type CleanUp, eventually } from "@doorstep/testkit";

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Answers one request; `n` counts from 1. */
export type Behaviour = (response: ServerResponse, n: number) => void;

export interface Endpoint {
  readonly port: number;
  readonly url: string;
  readonly received: readonly Received[];
  behave(behaviour: Behaviour): void;
}

/** Answers every request with a status. */
export function status(code: number, headers: Record<string, string> = {}): Behaviour {
  return (response) => response.writeHead(code, headers).end("so be it");
}

/** Takes the request and never answers. */
export const SILENT: Behaviour = () => undefined;

export const RESET: Behaviour = (response) => response.socket?.resetAndDestroy();

export async function startEndpoint(cleanUp: CleanUp, behaviour: Behaviour = status(200)): Promise<Endpoint> {
  const received: Received[] = [];
  let behave = behaviour;
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = "", url = "", headers } = request;
    const body = await buffer(request);
    behave(response, received.push({ method, path: url, headers, body }));
  };
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  const port = await listen(server, cleanUp);
  return { port, url: `http://127.0.0.1:${port}/hook`, received, behave: (next) => (behave = next) };
}

/** Takes one connection and answers its first bytes, then cuts it; how a TLS greeting is looked at without a certificate. */
export async function startListener(cleanUp: CleanUp): Promise<{ port: number; greeting: () => Promise<Buffer> }> {
  let first: Buffer | undefined;
  const server = createTcpServer((socket) => {
    socket.on("error", () => socket.destroy());
    socket.once("data", (bytes) => {
      first = bytes;
      socket.destroy();
    });
  });
  const port = await listen(server, cleanUp);
  return { port, greeting: () => eventually(() => first ?? null) };
}

async function listen(server: Server, cleanUp: CleanUp): Promise<number> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  cleanUp.add(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}
