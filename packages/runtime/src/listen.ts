/** Binding of a port, with one clear sentence where it fails. */

import type { Server } from "node:http";

const ADVICE: Readonly<Record<string, (setting: string) => string>> = {
  EADDRINUSE: (setting) => `is in use; stop the program that has it or set ${setting} to another`,
  EACCES: (setting) => `needs privileges that this process does not have; set ${setting} to one above 1023`,
  EADDRNOTAVAIL: () => "cannot be listened on: this machine does not have that address; set the host to one it has",
};

/**
 * Connections that the kernel keeps until they are accepted; it takes less where its own limit (`somaxconn`) is lower. Beyond
 * that it drops a SYN, and the client asks again after 1 s, 3 s, 7 s: a crowd that comes back at once fills Node's 511.
 */
const BACKLOG = 4_096;

export interface ListenOptions {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  /** The setting the port comes from, to be named in the error. */
  readonly setting: string;
}

/** Makes a server listen and answers its port. Throws an Error that says what to do. */
export async function listen(server: Server, { host, port, setting }: ListenOptions): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    const handleError = (cause: NodeJS.ErrnoException): void => {
      const advice = ADVICE[cause.code ?? ""]?.(setting) ?? `cannot be listened on: ${cause.message}`;
      reject(new Error(`port ${port} on ${host} ${advice}`, { cause }));
    };
    server.once("error", handleError);
    server.listen({ host, port, backlog: BACKLOG }, () => {
      server.off("error", handleError);
      resolve();
    });
  });
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : port;
}
