/**
 * A publisher's connection by MQTT, quality of service 1: a publication is kept until the broker acknowledges it.
 *
 * When the connection breaks, it is made again to the next broker after the pause that MQTT.js has by default, and what was
 * not acknowledged is sent again, in order. As many are on their way at a time as there are message ids.
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { type IPublishPacket, type Packet, parser, writeToStream } from "mqtt-packet";

interface Publication {
  readonly packet: IPublishPacket;
  readonly resolve: () => void;
}

const MOST_IDS = 65_535;
const RECONNECT_MS = 1_000;

export class MqttConnection {
  readonly #brokers: readonly string[];
  /** By message id, oldest first. */
  readonly #unacknowledged = new Map<number, Publication>();
  #socket: Socket | undefined;
  #timer: NodeJS.Timeout | undefined;
  #lastId = 0;
  #tries = 0;
  #isAccepted = false;
  #isClosed = false;
  #onAccepted: (() => void) | undefined;

  /** Connects to the first broker, such as `mqtt://127.0.0.1:1883`, or the next one that can be reached. */
  static async open(brokers: readonly string[]): Promise<MqttConnection> {
    const connection = new MqttConnection(brokers);
    await new Promise<void>((resolve) => {
      connection.#onAccepted = resolve;
      connection.#open();
    });
    return connection;
  }

  private constructor(brokers: readonly string[]) {
    this.#brokers = brokers;
  }

  /** Resolves once the broker acknowledged it; rejects where too many wait for that. */
  publish(topic: string, payload: string): Promise<void> {
    if (this.#unacknowledged.size === MOST_IDS) return Promise.reject(new Error("no message id is free"));
    const messageId = this.#nextId();
    const packet: IPublishPacket = { cmd: "publish", topic, payload, qos: 1, dup: false, retain: false, messageId };
    return new Promise((resolve) => {
      this.#unacknowledged.set(messageId, { packet, resolve });
      if (this.#isAccepted) this.#write(packet);
    });
  }

  /** Leaves; what was not acknowledged stays so. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#socket?.destroy();
  }

  #open(): void {
    const { hostname, port } = new URL(this.#brokers[this.#tries % this.#brokers.length] ?? "");
    this.#tries += 1;
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    this.#socket = socket;
    const packets = parser({ protocolVersion: 4 });
    packets.on("packet", (packet) => this.#packet(packet));
    socket.on("data", (data) => packets.parse(data));
    // `close` follows, and says the same.
    socket.on("error", () => undefined);
    socket.on("close", () => this.#closed());
    void once(socket, "connect").then(
      () => this.#introduce(),
      () => undefined,
    );
  }

  #introduce(): void {
    const session = { protocolId: "MQTT", protocolVersion: 4, clean: true, keepalive: 0 } as const;
    this.#write({ cmd: "connect", clientId: `publisher-${process.pid}`, ...session });
  }

  #packet(packet: Packet): void {
    if (packet.cmd === "puback") {
      const id = Number(packet.messageId);
      this.#unacknowledged.get(id)?.resolve();
      this.#unacknowledged.delete(id);
    } else if (packet.cmd === "connack" && packet.returnCode === 0) {
      this.#isAccepted = true;
      for (const { packet: again } of this.#unacknowledged.values()) this.#write({ ...again, dup: true });
      this.#onAccepted?.();
    }
  }

  #closed(): void {
    this.#isAccepted = false;
    if (!this.#isClosed) this.#timer = setTimeout(() => this.#open(), RECONNECT_MS);
  }

  /** Puts together what is written in the same turn. */
  #write(packet: Packet): void {
    if (this.#socket !== undefined) writeToStream(packet, this.#socket);
  }

  #nextId(): number {
    do this.#lastId = (this.#lastId % MOST_IDS) + 1;
    while (this.#unacknowledged.has(this.#lastId));
    return this.#lastId;
  }
}
