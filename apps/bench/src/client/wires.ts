/** All wires, by protocol. */
import type { Protocol } from "../target.ts";
import { CentrifugoWire } from "./centrifugo-wire.ts";
import { DoorstepWire } from "./doorstep-wire.ts";
import { MqttWire } from "./mqtt-wire.ts";
import { SocketIoWire } from "./socket-io-wire.ts";
import type { WireKind } from "./wire.ts";

/** As packages/client remembers them by id; the press gives each number one id, so numbers stand for them. */
const SDK_REMEMBERS = 2_000;
/** socket.io-client's own defaults: a second that doubles up to five, half of it more or less. */
const SOCKET_IO_BASE_MS = 1_000;
const SOCKET_IO_CAP_MS = 5_000;

/** MQTT.js' own default: a second each time. */
const MQTT_WAIT_MS = 1_000;
/** centrifuge-js' own defaults: half a second, and up to as much more, which doubles up to 20 seconds. */
const CENTRIFUGE_BASE_MS = 500;
const CENTRIFUGE_CAP_MS = 20_000;

const SOCKET_IO_PATH = "/socket.io/?EIO=4&transport=websocket";

const KINDS: Partial<Record<Protocol, WireKind>> = {
  doorstep: {
    path: SOCKET_IO_PATH,
    subprotocols: [],
    remembers: SDK_REMEMBERS,
    create: (host) => new DoorstepWire(host),
  },
  "socket.io": {
    path: SOCKET_IO_PATH,
    subprotocols: [],
    backOffMs: (failures, random) => Math.min(SOCKET_IO_CAP_MS, SOCKET_IO_BASE_MS * 2 ** failures * (0.5 + random)),
    create: (host) => new SocketIoWire(host),
  },
  mqtt: {
    path: "/",
    subprotocols: ["mqtt"],
    backOffMs: () => MQTT_WAIT_MS,
    create: (host) => new MqttWire(host),
  },
  centrifugo: {
    path: "/connection/websocket",
    subprotocols: [],
    backOffMs(failures, random) {
      const span = Math.min(CENTRIFUGE_CAP_MS, CENTRIFUGE_BASE_MS * 2 ** failures);
      return Math.min(CENTRIFUGE_CAP_MS, CENTRIFUGE_BASE_MS + random * span);
    },
    create: (host) => new CentrifugoWire(host),
  },
};

/** Finds how a protocol is spoken; throws a RangeError for one that nobody speaks. */
export function findWire(protocol: Protocol): WireKind {
  const kind = KINDS[protocol];
  if (kind === undefined) throw new RangeError(`no wire for ${protocol}`);
  return kind;
}
