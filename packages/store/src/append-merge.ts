/**
 * Appends of one user that leave in the same call become one: the user's state is read and written once, and one push brings
 * all their events. Of a user to whom ten events a millisecond are published that is most of what Redis and gateways have to do.
 *
 * Only plain appends are merged, which nothing but a full mailbox refuses. Where that happens they have to be made again, each
 * for itself, since they are all or none each for itself. Order is kept: what cannot be merged parts what comes before it from
 * what comes after.
 */
import type { Append, AppendReply } from "./append-call.ts";
import { isPlain } from "./append-call.ts";
import type { KnownUser } from "./known-users.ts";

/** One or several appends, in their order, as one. */
export interface MergedAppend<T extends Append = Append> {
  readonly append: Append;
  readonly members: readonly T[];
}

let calls = 0;

/** Whether a user is named twice, so that there may be something to merge. Most calls name nobody twice. */
export function namesTwice(appends: readonly Append[]): boolean {
  calls += 1;
  for (const { user } of appends) {
    if (user.call === calls) return true;
    user.call = calls;
  }
  return false;
}

/** Merges what may be merged; the rest stays as it is. */
export function mergeAppends<T extends Append>(appends: readonly T[]): MergedAppend<T>[] {
  const groups: T[][] = [];
  const open = new Map<KnownUser, T[]>();
  for (const append of appends) {
    const mayMerge = isPlain(append);
    const group = mayMerge ? open.get(append.user) : undefined;
    if (group !== undefined) {
      group.push(append);
      continue;
    }
    const own = [append];
    groups.push(own);
    if (mayMerge) open.set(append.user, own);
    else open.delete(append.user);
  }
  return groups.map((members) => ({ append: mergeGroup(members), members }));
}

/** Gives each member its part of the reply; undefined where they were refused and have to be made again one by one. */
export function splitReply(members: readonly Append[], reply: AppendReply): AppendReply[] | undefined {
  if (members.length === 1) return [reply];
  if (typeof reply === "string" || reply[0]?.startsWith("!") === true) return undefined;
  let from = 0;
  return members.map(({ events }) => {
    const part = reply.slice(from, from + events.length);
    from += events.length;
    return part;
  });
}

function mergeGroup(members: readonly Append[]): Append {
  const [first] = members;
  if (first === undefined) throw new RangeError("a group without members");
  return members.length === 1 ? first : { ...first, events: members.flatMap(({ events }) => events) };
}
