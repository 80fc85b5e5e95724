/**
 * The control plane: the stock sharded adapter in static mode, two channels a node, none per user. It carries user rooms
 * across gateways: who is to be disconnected, what is announced to all. Events never pass through it.
 *
 * A stock adapter is killed by one well-formed message without the fields it expects, so every message is checked and
 * caught before the adapter sees it.
 */
import { createShardedAdapter } from "@socket.io/redis-adapter";
import { isRecord } from "@doorstep/protocol";
import type { RedisConnection } from "@doorstep/store";

type Receive = (message: unknown, channel: unknown) => void;
type AdapterFactory = (namespace: unknown) => { onRawMessage: Receive; close(): Promise<void> };

/** Makes the adapter for the Socket.IO server; a `function`, since Socket.IO calls it with `new`. */
export function createControlPlane(
  publisher: RedisConnection,
  subscriber: RedisConnection,
  onMalformed: () => void,
): AdapterFactory {
  const create = createShardedAdapter(publisher, subscriber, {
    subscriptionMode: "static",
  }) as unknown as AdapterFactory;
  return function ControlPlane(namespace) {
    const adapter = create(namespace);
    // Its connections end with the store; leaving the channels first would fail, unawaited, where Redis is gone.
    adapter.close = () => Promise.resolve();
    const receive: Receive = adapter.onRawMessage.bind(adapter);
    adapter.onRawMessage = (message, channel) => {
      try {
        if (isControlMessage(message)) receive(message, channel);
        else onMalformed();
      } catch {
        onMalformed();
      }
    };
    return adapter;
  };
}

const OPENING_BRACE = 0x7b;
/** `serverSideEmit` runs any listener of the namespace, `connection` included; the hub has no use for it. */
const SERVER_SIDE_EMIT = 9;

/** Whether a message has what the adapter reads without asking. Binary ones are never sent here. */
function isControlMessage(message: unknown): boolean {
  if (!Buffer.isBuffer(message) || message[0] !== OPENING_BRACE) return false;
  const parsed: unknown = JSON.parse(message.toString());
  if (!isRecord(parsed) || typeof parsed["type"] !== "number" || !isRecord(parsed["data"])) return false;
  return parsed["type"] !== SERVER_SIDE_EMIT;
}
