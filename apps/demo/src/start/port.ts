/** The port of the page: the one that was asked for, or 3000, or a free one. */
import { createServer } from "node:net";
import { freePort } from "@doorstep/testkit";

const USUAL_PORT = 3_000;

/** Chooses it; throws one clear sentence where `given` is no port or is in use. */
export async function choosePort(given: string | undefined): Promise<number> {
  if (given === undefined || given === "") return (await canListen(USUAL_PORT)) ? USUAL_PORT : freePort();
  const port = Number(given);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new Error(`PORT is ${given}, which is no port: set it to a number from 1 to 65535`);
  }
  if (await canListen(port)) return port;
  throw new Error(`port ${port} is in use: stop the program that has it, or set PORT to another one`);
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
