/**
 * A link to clients goes dead in both directions, and nobody is told: no end, no reset. The gateway has to notice by its
 * pings and let the sockets go; the device among the clients has to notice too, and comes back over a new connection.
 */
import { setTimeout as delay } from "node:timers/promises";
import { FROM_NOW } from "@doorstep/protocol";
import { eventually, startTcpProxy } from "@doorstep/testkit";

import type { Fault } from "../fault.ts";
import { readMetric } from "../metric.ts";
import { connectRaw } from "../raw-client.ts";

/** Far more than devices, so that the gauge shows which of them are gone. */
const SOCKETS = 100;
/** Ping interval and timeout of a run are 2.5 s together. */
const NOTICE_MS = 10_000;

export const halfOpen: Fault = {
  name: "half-open",
  does: "holds a link to 100 clients and a device in both directions, without an end, until both sides gave up",
  async run({ hub, workload, history, cleanUp }, random) {
    const gateway = random.pick(hub.gateways);
    const link = await startTcpProxy(Number(new URL(gateway.process.url).port));
    cleanUp.add(() => link.close());
    const url = `http://127.0.0.1:${link.port}`;
    const device = workload.addDevice(random.pick(workload.users), url);
    const sockets = Array.from({ length: SOCKETS }, () => connectRaw(url, "half-open", { offset: FROM_NOW }));
    const connections = (): Promise<number> => readMetric(gateway.process.adminUrl, "doorstep_connections");
    await eventually(() => device.isLive && sockets.every((socket) => socket.connected), {
      timeoutMs: NOTICE_MS,
      message: "the clients did not connect",
    });
    if ((await connections()) < SOCKETS) history.complain(`${gateway.name} does not count its sockets`);
    link.pause();
    await eventually(async () => (await connections()) < SOCKETS, { timeoutMs: NOTICE_MS }).catch(() =>
      history.complain(`${gateway.name} still has sockets of a dead link after ${NOTICE_MS} ms`),
    );
    await delay(random.integer(0, 1_000));
    await eventually(() => !device.isLive, { timeoutMs: NOTICE_MS }).catch(() =>
      history.complain(`${device.name} did not notice a dead link within ${NOTICE_MS} ms`),
    );
    link.resume();
    for (const socket of sockets) socket.disconnect();
  },
};
