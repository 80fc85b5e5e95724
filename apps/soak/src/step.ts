/** Steps at which a member of the hub can be made to die: between two calls of the store, see preload/die-at-step.ts. */
import type { History } from "./history.ts";
import type { Member, MemberProcess } from "./member.ts";
import { preload } from "./preload.ts";

/** Where to die. */
export interface Step {
  readonly name: string;
  /** Module of the store, and the class in it. */
  readonly module: "custody" | "log";
  readonly class: "Custody" | "Log";
  readonly method: string;
  readonly when: "before" | "after";
  /** Only calls count whose answer, or one of whose answers, has something in this list. Default: all. */
  readonly having?: string;
}

const REACH_MS = 15_000;

/**
 * Starts a member that is down, and resolves when it died at the `nth` time that it came to a step; complains where it did
 * not come to it. `meanwhile` may lead it there.
 */
export async function dieAtStep<P extends MemberProcess>(
  member: Member<P>,
  { name, ...where }: Step,
  nth: number,
  history: History,
  meanwhile: () => void = () => undefined,
): Promise<void> {
  await member.restart(preload("die-at-step", { ...where, nth }));
  const died = member.diesOfPoke(REACH_MS);
  meanwhile();
  if (await died) return;
  history.complain(`${member.name} did not come to the step "${name}" ${nth} times in ${REACH_MS} ms`);
  await member.kill();
}
