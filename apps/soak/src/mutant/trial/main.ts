/** One run in a process of its own, so that the harness too is of the build it runs in: its plan is the only argument. */
import { findFault } from "../../faults.ts";
import { describeResult, runSeed } from "../../run.ts";
import { formatFindings, type TrialOrders } from "./trial.ts";

const { plan, seed } = JSON.parse(process.argv[2] ?? "{}") as TrialOrders;
const { fault: name, env, ...load } = plan;
const fault = findFault(name);
const result = await runSeed({ ...load, seed, fault: { ...fault, env: { ...fault.env, ...env } } });
console.log(JSON.stringify({ findings: formatFindings(result), text: describeResult(result) }));
