/**
 * One Redis command over a connection of its own.
 *
 * What setting up servers needs (PING, INFO, CLUSTER, SENTINEL, REPLICAOF) and no more, so that starting Redis does not
 * depend on the client library under test. Every call connects, sends, reads one reply (RESP2) and hangs up.
 */
import { connect } from "node:net";

/** A reply: simple and bulk strings as text, integers, nested lists, null. */
export type RedisReply = string | number | null | RedisReply[];

const CALL_TIMEOUT_MS = 2_000;

/**
 * Sends one command to 127.0.0.1 and returns its reply.
 * Throws what Redis answered when that is an error, and what the connection said when there is no answer within 2 s.
 */
export function redisCall(port: number, ...args: (string | number)[]): Promise<RedisReply> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port });
    let received = "";
    const fail = (error: Error): void => {
      socket.destroy();
      reject(error);
    };
    socket.setTimeout(CALL_TIMEOUT_MS, () =>
      fail(new Error(`redis on port ${port} did not answer ${String(args[0])}`)),
    );
    socket.once("error", fail);
    socket.once("close", () => fail(new Error(`redis on port ${port} closed the connection`)));
    // latin1 keeps one character per byte, so that the lengths of bulk strings count characters.
    socket.setEncoding("latin1");
    socket.on("data", (chunk: string) => {
      received += chunk;
      const reply = readReply(received, 0);
      if (reply === undefined) return;
      if (reply.error) return fail(new Error(`redis on port ${port}: ${String(reply.value)}`));
      resolve(reply.value);
      socket.destroy();
    });
    socket.write(encode(args));
  });
}

function encode(args: (string | number)[]): string {
  const parts = args.map((arg) => `$${Buffer.byteLength(String(arg))}\r\n${String(arg)}\r\n`);
  return `*${args.length}\r\n${parts.join("")}`;
}

interface Read {
  value: RedisReply;
  end: number;
  error: boolean;
}

/** Reads the reply that starts at `start`; undefined while it is incomplete. */
function readReply(text: string, start: number): Read | undefined {
  const lineEnd = text.indexOf("\r\n", start);
  if (lineEnd < 0) return undefined;
  const kind = text[start];
  const line = text.slice(start + 1, lineEnd);
  const end = lineEnd + 2;
  if (kind === "+" || kind === "-") return { value: line, end, error: kind === "-" };
  if (kind === ":") return { value: Number(line), end, error: false };
  const length = Number(line);
  if (length < 0) return { value: null, end, error: false };
  if (kind === "$") {
    if (text.length < end + length + 2) return undefined;
    const bytes = Buffer.from(text.slice(end, end + length), "latin1");
    return { value: bytes.toString("utf8"), end: end + length + 2, error: false };
  }
  if (kind === "*") return readList(text, end, length);
  throw new Error(`not a RESP2 reply: ${JSON.stringify(line.slice(0, 40))}`);
}

function readList(text: string, start: number, length: number): Read | undefined {
  const values: RedisReply[] = [];
  let end = start;
  for (let index = 0; index < length; index += 1) {
    const item = readReply(text, end);
    if (item === undefined) return undefined;
    values.push(item.value);
    end = item.end;
  }
  return { value: values, end, error: false };
}
