/** All targets, in the order of the tables' columns. */
import { aedes } from "./target/aedes.ts";
import { centrifugo } from "./target/centrifugo.ts";
import { doorstep } from "./target/doorstep.ts";
import { socketIoClassic } from "./target/socket-io-classic.ts";
import { socketIoSharded } from "./target/socket-io-sharded.ts";
import { socketIoStreams } from "./target/socket-io-streams.ts";
import type { Target } from "./target.ts";

/** The one that others are compared with. */
export const YARDSTICK = socketIoSharded.name;

const ALL: readonly Target[] = [doorstep, socketIoSharded, socketIoClassic, socketIoStreams, aedes, centrifugo];

/** Those that can run on this machine. */
export const TARGETS: readonly Target[] = ALL.filter((target) => target.absent?.() === undefined);

/** Why each of the others cannot. */
export const ABSENT: readonly { readonly name: string; readonly reason: string }[] = ALL.flatMap((target) => {
  const reason = target.absent?.();
  return reason === undefined ? [] : [{ name: target.name, reason }];
});
