/** Reads what a program of the hub tells of itself on its admin port. */

/** The value of a metric over all its labels; 0 where it is not there. Throws where the program does not answer in 2 s. */
export async function readMetric(adminUrl: string, name: string): Promise<number> {
  const answer = await fetch(`${adminUrl}/metrics`, { signal: AbortSignal.timeout(2_000) });
  const lines = (await answer.text()).split("\n");
  const values = lines.filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
  return values.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
}
