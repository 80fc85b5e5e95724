/** What a Redis has used and done so far, as INFO tells it; CPU time is the operating system's, all threads of the server. */
import { redisCall } from "@doorstep/testkit";

export interface RedisUsage {
  readonly cpuUs: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Commands that clients sent. */
  readonly commands: number;
  /** Microseconds inside scripts. */
  readonly scriptUs: number;
  /** Commands that scripts called, and others that change or push something. */
  readonly inner: number;
}

const SCRIPT_CALLS: ReadonlySet<string> = new Set(["eval", "evalsha"]);

/** Reads the counters of a Redis on this machine; throws what `redisCall` throws. */
export async function readUsage(port: number): Promise<RedisUsage> {
  const text = String(await redisCall(port, "INFO", "everything"));
  const number = (name: string): number => Number(new RegExp(`^${name}:([\\d.]+)`, "m").exec(text)?.[1] ?? 0);
  let scripts = 0;
  let scriptUs = 0;
  let inner = 0;
  for (const [, name = "", calls, us] of text.matchAll(/^cmdstat_(\S+?):calls=(\d+),usec=(\d+)/gm)) {
    if (SCRIPT_CALLS.has(name)) {
      scripts += Number(calls);
      scriptUs += Number(us);
    } else inner += Number(calls);
  }
  const all = number("total_commands_processed");
  return {
    cpuUs: (number("used_cpu_user") + number("used_cpu_sys")) * 1e6,
    bytesIn: number("total_net_input_bytes"),
    bytesOut: number("total_net_output_bytes"),
    commands: scripts > 0 ? scripts : all,
    scriptUs,
    inner,
  };
}
