/**
 * The guard against misspelt settings: a DOORSTEP_ variable that no schema knows but that is nearly a name of one is
 * told, with that name. Other unknown ones pass: programs share an environment, and each has settings of its own.
 * Kubernetes' variables for a Service (DOORSTEP_GATEWAY_SERVICE_HOST and so on) are none of ours.
 */

const PREFIX = "DOORSTEP_";
const SERVICE_LINK = /_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$/;

/** Lists the set DOORSTEP_ variables of `env` that are nearly one of `known`, each as a line to warn with. */
export function unknownSettings(env: Readonly<Record<string, string | undefined>>, known: readonly string[]): string[] {
  return Object.keys(env)
    .filter((name) => name.startsWith(PREFIX) && env[name] !== undefined && !known.includes(name))
    .filter((name) => !isServiceLink(name, env[name] ?? ""))
    .sort()
    .flatMap((name) => {
      const nearest = nearestName(name, known);
      return nearest === undefined ? [] : [`${name}: there is no such setting; did you mean ${nearest}?`];
    });
}

function isServiceLink(name: string, value: string): boolean {
  return SERVICE_LINK.test(name) || (name.endsWith("_PORT") && /^(tcp|udp|sctp):\/\//.test(value));
}

/** Finds the candidate with the fewest edits, if these are less than a third of the name (its prefix left out). */
function nearestName(name: string, candidates: readonly string[]): string | undefined {
  const limit = (name.length - PREFIX.length) / 3;
  const byDistance = candidates
    .map((candidate) => ({ candidate, distance: editDistance(name, candidate) }))
    .sort((a, b) => a.distance - b.distance);
  const best = byDistance[0];
  return best !== undefined && best.distance <= limit ? best.candidate : undefined;
}

/** Counts the characters to insert, remove or replace (Levenshtein). */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [i, source] of Array.from(from).entries()) {
    const next = [i + 1];
    for (const [j, target] of Array.from(to).entries()) {
      const replaced = (row[j] ?? 0) + (source === target ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
