import { afterEach, describe, expect, it } from "@jest/globals";
import { createCleanUp, eventually, signHubToken, startRedis } from "@doorstep/testkit";
import { io } from "socket.io-client";
import { createBody, readMarks } from "../../src/body.ts";
import { Member } from "../../src/client/member.ts";
import { findWire } from "../../src/client/wires.ts";
import { connectPublisher } from "../../src/publisher/publishers.ts";
import { TARGETS } from "../../src/targets.ts";
import { userIdOf } from "../../src/user.ts";
import { Recorder } from "../support/recorder.ts";

const EVENTS = 50;
const USER = 3;

const cleanUp = createCleanUp();
afterEach(() => cleanUp.run());

const SPOKEN_BY_SOCKET_IO = new Set(["doorstep", "socket.io"]);

describe.each(TARGETS.filter(({ protocol }) => SPOKEN_BY_SOCKET_IO.has(protocol)))("a client of $title", (target) => {
  it("sees the same events as socket.io-client", async () => {
    const redis = await startRedis();
    cleanUp.add(() => redis.stop());
    const { servers } = await target.start({ redisUrl: redis.url, servers: 1, cleanUp });
    const url = servers[0]?.url ?? "";
    const publisher = await connectPublisher(target.name, redis.url);
    cleanUp.add(() => publisher.close());

    const tally = new Recorder();
    const member = new Member({ user: USER, servers: [url], kind: findWire(target.protocol), tally });
    cleanUp.add(() => member.drop());
    await member.connect(0);
    const seqs: number[] = [];
    const userId = userIdOf(USER);
    const socket = io(url, { transports: ["websocket"], auth: { user: userId, token: signHubToken(userId) } });
    cleanUp.add(() => socket.disconnect());
    socket.onAny((...args: unknown[]) => void readMarks(JSON.stringify(args), (seq) => seqs.push(seq)));

    let sent = 0;
    // Subscriptions may be made in the background: begins once both see something.
    await eventually(async () => {
      await publisher.publish(userId, createBody(sent++, 0));
      expect(Math.min(seqs.length, tally.seqs.length)).toBeGreaterThan(0);
    });
    const first = sent;
    for (; sent < first + EVENTS; sent++) await publisher.publish(userId, createBody(sent, 0));
    await eventually(() => expect([seqs.at(-1), tally.seqs.at(-1)]).toEqual([sent - 1, sent - 1]));
    const measured = Array.from({ length: EVENTS }, (_, index) => first + index);
    expect(tally.seqs.filter((seq) => seq >= first)).toEqual(measured);
    expect(seqs.filter((seq) => seq >= first)).toEqual(measured);
    expect(tally.report()).toMatchObject({ duplicates: 0, outOfOrder: 0 });
  });
});
