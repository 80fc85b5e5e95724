/** Aedes, an MQTT broker for Node, with Redis: sessions that are kept, and quality of service 1 from end to end. */
import type { Target } from "../target.ts";
import { startAedes } from "./aedes/start.ts";

export const aedes: Target = {
  name: "aedes",
  title: "Aedes, MQTT QoS 1",
  guarantee: "at least once, to sessions that are kept",
  keeps: "days",
  protocol: "mqtt",
  start: startAedes,
};
