/** Mutants of the way from the log to a socket, and of acks, the way back. */
import type { Mutant } from "../mutant.ts";

const LUA = "packages/store/lua";
const GATEWAY = "apps/gateway/dist";

/** Publishers so quiet that a push that was lost is not found by the next one. */
const QUIET = { users: 40, paceMs: 4_000 };

export const DELIVERY_MUTANTS: readonly Mutant[] = [
  {
    name: "no-prev",
    lacks: "a push names the offset before it, and a socket that stands elsewhere reads the log",
    edits: [
      {
        file: `${GATEWAY}/delivery/hub.js`,
        find: "else if (socket.offset !== prev)",
        replace: "else if (compareOffsets(last, socket.offset) <= 0)",
      },
      {
        file: `${GATEWAY}/delivery/hub.js`,
        find: 'socket.phase !== "live" || socket.offset !== prev',
        replace: 'socket.phase !== "live" || compareOffsets(last, socket.offset) <= 0',
      },
    ],
    plan: { fault: "pubsub-cut", seconds: 4 },
    breaks: ["hole", "lostSilent"],
  },
  {
    name: "no-catch-up-after-resubscribe",
    lacks: "catch-up as soon as everything is subscribed anew",
    edits: [
      {
        file: `${GATEWAY}/gateway.js`,
        find: 'logger.info("the subscription to Redis is restored");\n            headCheck.check();',
        replace: 'logger.info("the subscription to Redis is restored");',
      },
    ],
    plan: { fault: "pubsub-cut", seconds: 4, env: { DOORSTEP_HEAD_CHECK_MS: "120000" }, ...QUIET },
    breaks: ["liveness"],
  },
  {
    name: "no-head-check",
    lacks: "the head check, after a resubscription and every few seconds",
    edits: [
      {
        file: `${GATEWAY}/delivery/head-check.js`,
        find: "this.#hub.announceHead(user, head);",
        replace: ";",
      },
    ],
    plan: { fault: "pubsub-cut", seconds: 4, ...QUIET },
    breaks: ["liveness"],
  },
  {
    name: "no-byte-budget",
    lacks: "the byte budget of a socket",
    edits: [
      {
        file: `${GATEWAY}/delivery/hub.js`,
        find: "const isOverBudget = socket.backlogBytes > socketBudgetBytes;",
        replace: "const isOverBudget = false;",
      },
      {
        file: `${GATEWAY}/delivery/hub.js`,
        find: 'if (socket.backlogBytes > socketBudgetBytes)\n                this.#apply(socket, "slow", "slow");',
        replace: "",
      },
    ],
    plan: { fault: "stuck-client", seconds: 4 },
    breaks: ["bounded"],
  },
  {
    name: "no-ack-clamp",
    lacks: "the ack clamp: an ack counts as far as its socket was sent",
    edits: [
      {
        file: `${GATEWAY}/delivery/acknowledger.js`,
        find: "const claim = minOffset(offset, socket.written);",
        replace: "const claim = offset;",
      },
    ],
    plan: { fault: "early-acks", seconds: 4 },
    breaks: ["ackSafety", "hole"],
  },
  {
    name: "acks-from-now",
    lacks: 'acks of a socket that began at "$" do not count',
    edits: [
      {
        file: `${GATEWAY}/delivery/user-socket.js`,
        find: 'this.canAck = options.start !== "$";',
        replace: "this.canAck = true;",
      },
    ],
    plan: { fault: "hostile-acks", seconds: 4 },
    breaks: ["ackSafety", "hole"],
  },
  {
    name: "no-allow-oom",
    lacks: "allow-oom: acks are taken when Redis is full",
    edits: [{ file: `${LUA}/ack.lua`, find: "#!lua flags=allow-oom", replace: "#!lua" }],
    plan: { fault: "oom", seconds: 4 },
    breaks: ["liveness"],
  },
];
