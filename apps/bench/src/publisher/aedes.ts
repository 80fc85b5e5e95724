/** Publishes by MQTT with quality of service 1 to one of the brokers. */
import { topicOf } from "../user.ts";
import { MqttConnection } from "./mqtt-connection.ts";
import type { Publisher } from "./publisher.ts";

export async function connectAedes(_redisUrl: string, brokers: readonly string[]): Promise<Publisher> {
  const connection = await MqttConnection.open(brokers);
  return {
    publish: (userId, body) => connection.publish(topicOf(userId), JSON.stringify(body)),
    close: async () => connection.close(),
  };
}
