/** Socket.IO with the classic adapter, where every server gets every event, and the emitter of the same makers. */
import type { Target } from "../target.ts";
import { startSocketIo } from "./socket-io/start.ts";

export const socketIoClassic: Target = {
  name: "socket-io-classic",
  title: "Socket.IO, classic adapter",
  guarantee: "at most once",
  keeps: "nothing",
  protocol: "socket.io",
  start: (options) => startSocketIo("classic", options),
};
