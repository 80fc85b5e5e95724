/** Mutants of fork detection: what tells clients that Redis lost what it had taken. */
import type { Mutant } from "../mutant.ts";

const STORE = "packages/store/dist";
const LUA = "packages/store/lua";
const GATEWAY = "apps/gateway/dist";

export const FAILOVER_MUTANTS: readonly Mutant[] = [
  {
    name: "no-fork-detection",
    lacks: "fork detection: positions that are not of the log, and marks of lost writes",
    edits: [
      {
        file: `${GATEWAY}/delivery/catch-up.js`,
        find: "!isKnown && isForeign(page) &&",
        replace: "false &&",
      },
      { file: `${LUA}/history.lua`, find: "reply[#reply + 1] = since", replace: "reply[#reply + 1] = '0'" },
    ],
    plan: { fault: "aof-tail-cut", seconds: 6 },
    breaks: ["lostSilent", "hole", "fork"],
  },
  {
    name: "no-witness",
    lacks: "fork detection: a publisher looks for what it was answered",
    edits: [
      {
        file: `${STORE}/witness.js`,
        find: "if (keys === undefined || offset === undefined)",
        replace: "if (true)",
      },
    ],
    // Where somebody is here who was sent what is lost, that tells as well.
    plan: { fault: "aof-tail-cut", seconds: 5, users: 1, away: 80, paceMs: 800 },
    breaks: ["lostSilent", "hole"],
  },
  {
    name: "trusts-positions",
    lacks: "who presents an offset that no hub sent goes on from what is acknowledged",
    edits: [
      {
        file: `${GATEWAY}/delivery/catch-up.js`,
        find: "isPossible ? head : acked",
        replace: "head",
      },
    ],
    plan: { fault: "forged-offset", seconds: 4 },
    breaks: ["ackSafety", "hole"],
  },
];
