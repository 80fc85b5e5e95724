/** Socket.IO with sharded pub/sub of Redis 7, a channel per room: the yardstick. */
import type { Target } from "../target.ts";
import { startSocketIo } from "./socket-io/start.ts";

export const socketIoSharded: Target = {
  name: "socket-io-sharded",
  title: "Socket.IO, sharded adapter",
  guarantee: "at most once",
  keeps: "nothing",
  protocol: "socket.io",
  start: (options) => startSocketIo("sharded", options),
};
