/** Users who are away, and what comes for them meanwhile. */

export interface Away {
  /** Their names, up to the number of each. */
  readonly prefix: string;
  readonly users: number;
  readonly eventsEach: number;
  /** Of all together. */
  readonly eventsPerS: number;
}

const USERS = 5_000;
const EVENTS_EACH = 20;
const EVENTS_PER_S = 5_000;

/** The load of the promise, or a part of it that lasts as long. */
export function createAway(scale: number): Away {
  return {
    prefix: "away-",
    users: Math.ceil(USERS * scale),
    eventsEach: EVENTS_EACH,
    eventsPerS: EVENTS_PER_S * scale,
  };
}

/** How many events come for them in all. */
export function eventsOf({ users, eventsEach }: Away): number {
  return users * eventsEach;
}
