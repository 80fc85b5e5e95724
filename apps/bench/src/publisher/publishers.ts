/** All publishers, by the name of the target. */
import type { ConnectPublisher, Publisher } from "./publisher.ts";

/** Each is loaded only where it is used. */
const PUBLISHERS: Readonly<Record<string, () => Promise<ConnectPublisher>>> = {
  doorstep: async () => (await import("./doorstep.ts")).connectDoorstep,
  "socket-io-sharded": async () => (await import("./socket-io-sharded.ts")).connectSharded,
  "socket-io-classic": async () => (await import("./socket-io-classic.ts")).connectClassic,
  "socket-io-streams": async () => (await import("./socket-io-streams.ts")).connectStreams,
  aedes: async () => (await import("./aedes.ts")).connectAedes,
  centrifugo: async () => (await import("./centrifugo.ts")).connectCentrifugo,
};

/** Connects; throws a RangeError for a target that there is no publisher for. */
export async function connectPublisher(
  target: string,
  redisUrl: string,
  publishTo: readonly string[] = [],
): Promise<Publisher> {
  const load = PUBLISHERS[target];
  if (load === undefined) throw new RangeError(`no publisher for ${target}`);
  const connect = await load();
  return connect(redisUrl, publishTo);
}
