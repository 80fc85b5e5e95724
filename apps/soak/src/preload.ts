/**
 * Preloads: modules of `preload/` that a program of the hub loads before its own, to be broken from within.
 *
 * Programs know nothing of them. Settings travel in the query of the module's address, so that two programs may load one
 * module with different settings; what is to happen later is set off by `Member.poke`.
 */
import { pathToFileURL } from "node:url";
import { programPath } from "@doorstep/testkit";

/** Makes the settings of a program that loads `preload/<name>.js` with these values. */
export function preload(
  name: string,
  values: Readonly<Record<string, string | number>>,
): Readonly<Record<string, string>> {
  const url = pathToFileURL(programPath("soak", `preload/${name}.js`));
  for (const [key, value] of Object.entries(values)) url.searchParams.set(key, String(value));
  return { NODE_OPTIONS: `--import=${url.href}` };
}
