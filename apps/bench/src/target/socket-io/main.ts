/**
 * A server of plain Socket.IO, as small as one can be: a socket joins the room of its user, and that is all.
 *
 * It believes the user id it is told. A real one has to check a token, which Doorstep's gateway does here as everywhere.
 */
import { createServer } from "node:http";
import { Server } from "socket.io";

import { createAdapterOptions } from "./adapter.ts";
import type { ServerOrders } from "./start.ts";

const { adapter, redisUrl, port } = JSON.parse(process.argv[2] ?? "{}") as ServerOrders;
const httpServer = createServer();
const io = new Server(httpServer, {
  transports: ["websocket"],
  serveClient: false,
  perMessageDeflate: false,
  ...createAdapterOptions(adapter, redisUrl),
});
io.on("connection", (socket) => {
  void socket.join(`user:${String(socket.handshake.auth["user"])}`);
});
httpServer.listen(port, "127.0.0.1", () => console.log(JSON.stringify({ msg: "ready" })));
process.once("SIGTERM", () => process.exit());
