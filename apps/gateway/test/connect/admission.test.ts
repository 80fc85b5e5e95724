import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { afterEach, beforeEach, expect, it } from "@jest/globals";
import { createCleanUp, eventually } from "@doorstep/testkit";
import { Admission } from "../../src/connect/admission.ts";

const UPGRADE = "GET / HTTP/1.1\r\nHost: here\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
const cleanUp = createCleanUp();
const upgrades: IncomingMessage[] = [];
let port = 0;
let isBusy = false;
let verdicts: string[] = [];

beforeEach(async () => {
  upgrades.length = 0;
  verdicts = [];
  isBusy = false;
  const server = createServer().on("upgrade", (request) => void upgrades.push(request));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  ({ port } = server.address() as AddressInfo);
  cleanUp.add(() => {
    for (const { socket } of upgrades) socket.destroy();
    server.close();
  });
});
afterEach(() => cleanUp.run());

/** Opens connections that ask for an upgrade; answers both ends, in the same order. */
async function arrive(count: number): Promise<{ clients: Socket[]; requests: IncomingMessage[] }> {
  const clients: Socket[] = [];
  const first = upgrades.length;
  for (let i = 0; i < count; i++) {
    const client = connect(port, "127.0.0.1").on("error", () => undefined);
    cleanUp.add(() => client.destroy());
    client.write(UPGRADE);
    clients.push(client);
    await eventually(() => upgrades.length === first + i + 1, { intervalMs: 1 });
  }
  return { clients, requests: upgrades.slice(first) };
}
const ask = (admission: Admission, requests: readonly IncomingMessage[]): void => {
  for (const [i, request] of requests.entries()) {
    admission.request(request, (isAdmitted) => void verdicts.push(`${i} ${isAdmitted ? "in" : "out"}`));
  }
};
const all = (count: number, verdict: "in" | "out"): string[] =>
  Array.from({ length: count }, (_, i) => `${i} ${verdict}`);
/** What the next turn of the event loop leaves. */
const turn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

it("P8 admits a few in a turn of the event loop, the others in the next ones, all in their order", async () => {
  const admission = new Admission({ waitMs: 5_000, isBusy: () => isBusy });
  const { requests } = await arrive(30);
  ask(admission, requests);
  const counts = [verdicts.length];
  while (admission.waiting > 0) {
    await turn();
    counts.push(verdicts.length);
  }
  expect(counts).toEqual([8, 16, 24, 30]);
  expect(verdicts).toEqual(all(30, "in"));
});

it("P8 admits nobody while the gateway is busy, and all once it is not", async () => {
  const admission = new Admission({ waitMs: 60_000, isBusy: () => isBusy });
  isBusy = true;
  const { requests } = await arrive(20);
  ask(admission, requests);
  await turn();
  expect([verdicts, admission.waiting]).toEqual([[], 20]);
  isBusy = false;
  await eventually(() => expect(verdicts).toEqual(all(20, "in")));
});

it("P8 refuses who has waited too long, though busy, and who may not wait", async () => {
  isBusy = true;
  const { requests } = await arrive(3);
  const admission = new Admission({ waitMs: 50, isBusy: () => isBusy });
  ask(admission, requests);
  expect(verdicts).toEqual([]);
  await eventually(() => expect(verdicts).toEqual(all(3, "out")));
  verdicts = [];
  ask(new Admission({ waitMs: 0, isBusy: () => isBusy }), requests);
  expect(verdicts).toEqual(all(3, "out"));
});

it("P8 holds no more than 8,192 that wait", async () => {
  const admission = new Admission({ waitMs: 60_000, isBusy: () => isBusy });
  isBusy = true;
  const { requests } = await arrive(1);
  requests[0]?.socket.setMaxListeners(0);
  ask(
    admission,
    Array.from({ length: 8_193 }, () => requests[0] as IncomingMessage),
  );
  expect([admission.waiting, verdicts]).toEqual([8_192, ["8192 out"]]);
  isBusy = false;
  await eventually(() => admission.waiting === 0);
});

it("P8 forgets who leaves while waiting, also with an error, and keeps nothing on who came in", async () => {
  const admission = new Admission({ waitMs: 60_000, isBusy: () => isBusy });
  isBusy = true;
  const { clients, requests } = await arrive(3);
  const before = requests.map(({ socket }) => [socket.listenerCount("error"), socket.listenerCount("close")]);
  ask(admission, requests);
  clients[1]?.resetAndDestroy();
  await eventually(() => admission.waiting === 2);
  isBusy = false;
  await eventually(() => expect(verdicts).toEqual(["0 in", "2 in"]));
  for (const i of [0, 2]) {
    const { socket } = requests[i] as IncomingMessage;
    expect([socket.listenerCount("error"), socket.listenerCount("close")]).toEqual(before[i]);
  }
});
