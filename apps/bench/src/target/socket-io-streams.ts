/** Socket.IO with one Redis stream for everything, and connection state recovery. */
import type { Target } from "../target.ts";
import { startSocketIo } from "./socket-io/start.ts";

export const socketIoStreams: Target = {
  name: "socket-io-streams",
  title: "Socket.IO, streams adapter",
  guarantee: "again after short absences, from one stream of 10,000 events",
  keeps: "minutes",
  protocol: "socket.io",
  start: (options) => startSocketIo("streams", options),
};
