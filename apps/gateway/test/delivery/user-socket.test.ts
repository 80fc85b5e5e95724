import type { Socket } from "node:net";
import { afterEach, beforeEach, expect, it } from "@jest/globals";
import { createCleanUp, eventually, startRedis } from "@doorstep/testkit";
import { buildFrame } from "../../src/delivery/frame.ts";
import type { UserSocket } from "../../src/delivery/user-socket.ts";
import type { TestClient } from "../support/client.ts";
import { startTestHub } from "../support/hub.ts";

const cleanUp = createCleanUp();
let client: TestClient;
let delivery: UserSocket;

beforeEach(async () => {
  const redis = await startRedis({ aof: false });
  cleanUp.add(() => redis.stop());
  const test = await startTestHub(cleanUp, redis.url);
  ({ client, delivery } = await test.connect("ann"));
  await eventually(() => client.ready() !== null && delivery.phase === "live");
});
afterEach(() => cleanUp.run());

const frame = (offset: string, filler = ""): Buffer =>
  buildFrame("events", [Buffer.from(JSON.stringify({ offset, data: filler }))]);
const heard = (): unknown[] =>
  client.items.flatMap((item) =>
    item.kind === "event" ? [item.event.offset] : item.kind === "other" ? [item.value] : [],
  );

it("P2 keeps the order of its frames and of what Socket.IO writes, whichever way each goes", async () => {
  const expected: unknown[] = [];
  for (let i = 0; i < 40; i++) {
    // One message of Socket.IO leaves at once, a second one waits for it, and what follows must not pass it by.
    for (let k = 0; k < i % 3; k++) {
      const notice = { since: `${i}-${k}` };
      delivery.socket.emit("degraded", notice);
      expected.push(notice);
    }
    // Longer ones go through the engine, and so does what is behind them.
    delivery.sendEvents(frame(`${i}-1`, "x".repeat(i % 5 === 0 ? 50_000 : 10)), `${i}-1`, 1);
    delivery.sendEvents(frame(`${i}-2`), `${i}-2`, 1);
    expected.push(`${i}-1`, `${i}-2`);
    // In one tick now and then, else in one each.
    if (i % 7 > 0) await Promise.resolve();
    else await eventually(() => heard().length === expected.length);
  }
  await eventually(() => expect(heard()).toEqual(expected));
});

it("P8 counts what a client does not read, and tells when it has drained", async () => {
  client.pause();
  await eventually(() => {
    for (let i = 1; i <= 100; i++) delivery.send(frame(`${i}-1`, "x".repeat(3_000)));
    return delivery.backlogBytes > 100_000;
  });
  client.resume();
  await eventually(() => delivery.backlogBytes === 0);
});

it("writes nothing behind the word that its connection closes", () => {
  const { socket } = delivery.socket.conn.transport as unknown as { socket: { _socket: Socket } };
  delivery.socket.conn.close();
  const { bytesWritten } = socket._socket;
  delivery.send(frame("1-1"));
  expect(socket._socket.bytesWritten).toBe(bytesWritten);
});
