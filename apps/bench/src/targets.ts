/** All targets, in the order of the tables' columns. */
import { doorstep } from "./target/doorstep.ts";
import { socketIoClassic } from "./target/socket-io-classic.ts";
import { socketIoSharded } from "./target/socket-io-sharded.ts";
import { socketIoStreams } from "./target/socket-io-streams.ts";
import type { Target } from "./target.ts";

/** The one that others are compared with. */
export const YARDSTICK = socketIoSharded.name;

export const TARGETS: readonly Target[] = [doorstep, socketIoSharded, socketIoClassic, socketIoStreams];
