/** Mutants of custody: what keeps undelivered events until somebody got them. */
import type { Mutant } from "../mutant.ts";

const LUA = "packages/store/lua";
const MAILBOX = "packages/mailbox/dist";

export const CUSTODY_MUTANTS: readonly Mutant[] = [
  {
    name: "one-step-custody",
    lacks: "two-step custody: a parcel is stored before it is committed",
    edits: [
      {
        file: `${MAILBOX}/hold.js`,
        find: "const outcome = await store.custody.hold(keys, unheld.held, entry.to, entry);",
        replace: "const job = await addJob(options, keys, parcel, leftMs);",
      },
      {
        file: `${MAILBOX}/hold.js`,
        find: "const job = await addJob(options, keys, parcel, Math.min(COMMIT_MS, leftMs));",
        replace: "const outcome = await store.custody.hold(keys, unheld.held, entry.to, entry);",
      },
    ],
    slows: [
      {
        file: `${MAILBOX}/hold.js`,
        find: 'await onStep?.("added");',
        replace: "await new Promise((resume) => setTimeout(resume, 150));",
      },
    ],
    plan: { fault: "courier-kill", seconds: 6 },
    breaks: ["lostTold", "lostSilent"],
  },
  {
    name: "held-beyond-read",
    lacks: "custody moves `held` to the last event it read, not to the last one there is",
    edits: [
      {
        file: `${LUA}/hold.lua`,
        find: "redis.call('HSET', KEYS[1], 'held', ARGV[2])",
        replace: "redis.call('HSET', KEYS[1], 'held', dhead)",
      },
    ],
    slows: [
      {
        file: `${MAILBOX}/hold.js`,
        find: 'await onStep?.("added");',
        replace: "await new Promise((resume) => setTimeout(resume, 150));",
      },
    ],
    plan: { fault: "courier-kill", seconds: 6 },
    breaks: ["lostSilent", "lostTold", "hole"],
  },
  {
    name: "trims-what-waits",
    lacks: "retention spares what is neither acknowledged nor held",
    edits: [
      {
        file: `${LUA}/include/append.lua`,
        find: "if not before(settled, dhead) then settled = head end",
        replace: "settled = head",
      },
    ],
    // Longer than a log of thirty events lasts.
    plan: { fault: "courier-kill", seconds: 8, env: { DOORSTEP_GRACE_MS: "4000" } },
    breaks: ["lostSilent", "lostTold", "hole"],
  },
];
