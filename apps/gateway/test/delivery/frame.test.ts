import { describe, expect, it } from "@jest/globals";
import { Decoder, type Packet } from "socket.io-parser";
import * as ws from "ws";
import { buildFrame, putOffset } from "../../src/delivery/frame.ts";

/** What ws itself reads frames with; its types leave it out. */
interface Receiver {
  on(event: "message", listener: (data: Buffer, isBinary: boolean) => void): void;
  on(event: "error", listener: (error: Error) => void): void;
  write(data: Buffer): void;
}
const { Receiver } = ws as unknown as {
  Receiver: new (options: { isServer: boolean; maxPayload: number }) => Receiver;
};

interface Message {
  readonly data: Buffer;
  readonly isBinary: boolean;
}

/** Reads frames as a client does: a masked one, a reserved bit or bad UTF-8 is an error there. */
function receive(bytes: Buffer): Message[] {
  const receiver = new Receiver({ isServer: false, maxPayload: 1_000_000 });
  const messages: Message[] = [];
  const errors: Error[] = [];
  receiver.on("message", (data, isBinary) => messages.push({ data, isBinary }));
  receiver.on("error", (error) => errors.push(error));
  receiver.write(bytes);
  expect(errors).toEqual([]);
  return messages;
}

/** Reads the payload as Socket.IO does, after Engine.IO's "4". */
function decode(payload: string): Packet {
  const packets: Packet[] = [];
  const decoder = new Decoder();
  decoder.on("decoded", (packet: Packet) => packets.push(packet));
  expect(payload[0]).toBe("4");
  decoder.add(payload.slice(1));
  const [packet] = packets;
  if (packet === undefined) throw new Error("no packet");
  return packet;
}

const EMPTY = Buffer.byteLength('42["events",[{"t":""}]]');

/** An event that makes the frame's payload so many bytes long. */
const eventFor = (bytes: number): Buffer => Buffer.from(JSON.stringify({ t: "x".repeat(bytes - EMPTY) }));

describe("buildFrame", () => {
  it.each([EMPTY, 100, 124, 125, 126, 127, 65_534, 65_535, 65_536, 65_537, 300_000])(
    "is one unmasked text frame of %i payload bytes that ws reads",
    (bytes) => {
      const event = eventFor(bytes);
      const frame = buildFrame("events", [event]);
      expect(frame.length - bytes).toBe(bytes < 126 ? 2 : bytes < 65_536 ? 4 : 10);
      const [message, ...more] = receive(frame);
      expect(more).toEqual([]);
      expect([message?.isBinary, message?.data.length]).toEqual([false, bytes]);
      expect(decode(String(message?.data))).toMatchObject({
        type: 2,
        nsp: "/",
        data: ["events", [JSON.parse(String(event))]],
      });
    },
  );

  it("puts commas between chunks, each of one or several events", () => {
    const chunks = ['{"n":1}', '{"n":2},{"n":3}', '{"n":4}'].map((text) => Buffer.from(text));
    const [message] = receive(buildFrame("events", chunks));
    expect(decode(String(message?.data)).data).toEqual(["events", [{ n: 1 }, { n: 2 }, { n: 3 }, { n: 4 }]]);
  });

  it("counts bytes, not characters", () => {
    const text = 'ÄÖ "\\ 日本語 🚪 \u2028 \u0000';
    const events = Array.from({ length: 40 }, (_, n) => ({ n, text }));
    const [message, ...more] = receive(
      buildFrame(
        "ephemeral",
        events.map((event) => Buffer.from(JSON.stringify(event))),
      ),
    );
    expect(more).toEqual([]);
    expect(decode(String(message?.data)).data).toEqual(["ephemeral", events]);
  });

  it("leaves the next frame of a stream readable", () => {
    const frames = [10, 110, 65_600].map((bytes) => buildFrame("events", [eventFor(bytes + EMPTY)]));
    const messages = receive(Buffer.concat([...frames, ...frames]));
    expect(messages.map(({ data }) => data.length)).toEqual(
      [...frames, ...frames].map((frame) => receive(frame)[0]?.data.length),
    );
  });

  it("is an empty list where there is nothing", () => {
    expect(decode(String(receive(buildFrame("events", []))[0]?.data)).data).toEqual(["events", []]);
  });
});

describe("putOffset", () => {
  it("puts the offset in front of what the log has of an event", () => {
    const body = { id: "e1", data: { text: "日本 🚪", offset: "9-9" } };
    const event = putOffset("1700000000000-12", Buffer.from(JSON.stringify(body).slice(1)));
    expect(JSON.parse(String(event))).toEqual({ offset: "1700000000000-12", ...body });
    expect(String(event)).toMatch(/^\{"offset":"1700000000000-12","id":"e1",/);
  });
});
