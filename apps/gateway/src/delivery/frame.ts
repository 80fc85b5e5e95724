/**
 * Frames: what leaves for a socket, built once in one buffer, header and payload together, however many sockets of the
 * user get it. The payload is a Socket.IO `events` or `ephemeral` packet whose events are the bytes that came from Redis.
 *
 * A server's WebSocket frame is unmasked: FIN and text opcode, then the length in 1, 3 or 9 bytes (RFC 6455 section 5.2).
 * engine.io writes it as it is (`wsPreEncodedFrame`), so one frame costs one write.
 */

/** Engine.IO "message", Socket.IO "event" of the default namespace. */
const PREFIX = {
  events: Buffer.from('42["events",['),
  ephemeral: Buffer.from('42["ephemeral",['),
} as const;
const SUFFIX = Buffer.from("]]");
const TEXT_FINAL = 0x81;
const COMMA = 0x2c;

/** Builds one frame of a list of events; each chunk is one or several events' JSON text without a comma at its ends. */
export function buildFrame(name: keyof typeof PREFIX, chunks: readonly Buffer[]): Buffer {
  const prefix = PREFIX[name];
  let length = prefix.length + SUFFIX.length + Math.max(0, chunks.length - 1);
  for (const chunk of chunks) length += chunk.length;
  const headerLength = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  const frame = Buffer.allocUnsafe(headerLength + length);
  let at = writeHeader(frame, length, headerLength);
  at += prefix.copy(frame, at);
  for (let i = 0; i < chunks.length; i++) {
    if (i > 0) frame[at++] = COMMA;
    at += chunks[i]?.copy(frame, at) ?? 0;
  }
  SUFFIX.copy(frame, at);
  return frame;
}

/** The JSON text of an event: its offset, and behind it what the log has of it. */
export function putOffset(offset: string, tail: Buffer): Buffer {
  const head = `{"offset":"${offset}",`;
  const event = Buffer.allocUnsafe(head.length + tail.length);
  event.write(head, 0, "latin1");
  tail.copy(event, head.length);
  return event;
}

function writeHeader(frame: Buffer, length: number, headerLength: number): number {
  frame[0] = TEXT_FINAL;
  if (headerLength === 2) frame[1] = length;
  else if (headerLength === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 127;
    frame.writeUInt32BE(0, 2);
    frame.writeUInt32BE(length, 6);
  }
  return headerLength;
}
