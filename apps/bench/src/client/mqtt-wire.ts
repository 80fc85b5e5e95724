/**
 * MQTT 3.1.1 with a session that the broker keeps (`clean: false`), subscribed to the user's topic with quality of service 1:
 * each event is acknowledged, and one that was not comes again on the next connection.
 */
import { generate, type Packet, parser } from "mqtt-packet";

import { topicOf } from "../user.ts";
import type { Wire, WireHost } from "./wire.ts";

/** MQTT.js has the same by default. */
const KEEPALIVE_S = 60;
const MS_PER_S = 1_000;
const SUBSCRIBE_ID = 1;
const PING = generate({ cmd: "pingreq" });

export class MqttWire implements Wire {
  readonly #host: WireHost;
  readonly #parser = parser({ protocolVersion: 4 });
  #keepalive: NodeJS.Timeout | undefined;

  constructor(host: WireHost) {
    this.#host = host;
    this.#parser.on("packet", (packet) => this.#packet(packet));
  }

  opened(): void {
    const { userId } = this.#host;
    const session = { protocolId: "MQTT", protocolVersion: 4, clean: false, clientId: userId } as const;
    this.#host.send(generate({ cmd: "connect", ...session, keepalive: KEEPALIVE_S }));
    this.#keepalive = setInterval(() => this.#host.send(PING), KEEPALIVE_S * MS_PER_S);
  }

  message(data: Buffer): void {
    this.#parser.parse(data);
  }

  closed(): void {
    clearInterval(this.#keepalive);
  }

  #packet(packet: Packet): void {
    const host = this.#host;
    if (packet.cmd === "publish") {
      host.events(packet.payload.toString("latin1"));
      if (packet.messageId !== undefined) host.send(generate({ cmd: "puback", messageId: packet.messageId }));
    } else if (packet.cmd === "connack") {
      if (packet.returnCode !== 0) host.refused();
      else if (packet.sessionPresent) host.ready();
      else this.#subscribe();
    } else if (packet.cmd === "suback") {
      host.ready();
    }
  }

  #subscribe(): void {
    const subscriptions = [{ topic: topicOf(this.#host.userId), qos: 1 as const }];
    this.#host.send(generate({ cmd: "subscribe", messageId: SUBSCRIBE_ID, subscriptions }));
  }
}
