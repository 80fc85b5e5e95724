/**
 * The delivery of one socket as a pure state machine (DESIGN section 2, PROTOCOL section 5).
 *
 *                 push-next: write it
 *   LIVE  <----------------------------------------------------------------+
 *    |                                                                      |
 *    | push-ahead (a push was lost) · head-ahead (found by a check)         | page-end: what was written is the head that
 *    | head-behind (the log lost what was sent) · slow (over the budget)    | the same read returned, nothing newer announced
 *    v                                                                      |
 *  CATCHING_UP: reading --page-more--> reading (the next page)              |
 *               reading --page-full--> waiting --drained--> reading --------+
 *
 * The caller turns offsets into signals (`signalOfPush` and the others), looks the step up and carries out its action.
 * The table is total, so a forgotten pair does not compile, and its rows are constants: deciding allocates nothing.
 */
import { compareOffsets, type Offset } from "@doorstep/protocol";

/** live: pushes are written. reading, waiting: CATCHING_UP, a page is on its way or the socket has to drain first. */
export type Phase = "live" | "reading" | "waiting" | "closed";

export type Signal =
  | "push-next" // a push that continues where the socket stands
  | "push-old" // a push of what the socket has already
  | "push-ahead" // a push behind a hole
  | "head-same" // the log ends where the socket stands
  | "head-ahead" // the log has more
  | "head-behind" // the log has less: a failover lost writes
  | "page-end" // a page was written up to the head, and nothing newer is announced
  | "page-more" // a page was written, more is there
  | "page-full" // a page was written, and the socket is over its budget
  | "page-failed" // the read failed; it is tried again later
  | "slow" // the socket is over its budget
  | "drained" // the socket is below its budget again, or the time to try again has come
  | "close";

export type Action = "none" | "write" | "read" | "go-live";

export interface Step {
  readonly phase: Phase;
  readonly action: Action;
}

const step = (phase: Phase, action: Action): Step => Object.freeze({ phase, action });

const CLOSED = step("closed", "none");
const LIVE = step("live", "none");
const READING = step("reading", "none");
const WAITING = step("waiting", "none");
const READ = step("reading", "read");

export const TABLE: Readonly<Record<Phase, Readonly<Record<Signal, Step>>>> = {
  live: {
    "push-next": step("live", "write"),
    "push-old": LIVE,
    "push-ahead": READ,
    "head-same": LIVE,
    "head-ahead": READ,
    "head-behind": READ,
    "page-end": LIVE,
    "page-more": LIVE,
    "page-full": LIVE,
    "page-failed": LIVE,
    slow: WAITING,
    drained: LIVE,
    close: CLOSED,
  },
  reading: {
    "push-next": READING,
    "push-old": READING,
    "push-ahead": READING,
    "head-same": READING,
    "head-ahead": READING,
    "head-behind": READING,
    "page-end": step("live", "go-live"),
    "page-more": READ,
    "page-full": WAITING,
    "page-failed": WAITING,
    slow: READING,
    drained: READING,
    close: CLOSED,
  },
  waiting: {
    "push-next": WAITING,
    "push-old": WAITING,
    "push-ahead": WAITING,
    "head-same": WAITING,
    "head-ahead": WAITING,
    "head-behind": WAITING,
    "page-end": WAITING,
    "page-more": WAITING,
    "page-full": WAITING,
    "page-failed": WAITING,
    slow: WAITING,
    drained: READ,
    close: CLOSED,
  },
  closed: {
    "push-next": CLOSED,
    "push-old": CLOSED,
    "push-ahead": CLOSED,
    "head-same": CLOSED,
    "head-ahead": CLOSED,
    "head-behind": CLOSED,
    "page-end": CLOSED,
    "page-more": CLOSED,
    "page-full": CLOSED,
    "page-failed": CLOSED,
    slow: CLOSED,
    drained: CLOSED,
    close: CLOSED,
  },
};

/** What a push means to a socket at `offset`. */
export function signalOfPush(offset: Offset, prev: Offset, last: Offset): Signal {
  if (prev === offset) return "push-next";
  return compareOffsets(last, offset) <= 0 ? "push-old" : "push-ahead";
}

/** What the log's head means to a socket at `offset`. */
export function signalOfHead(offset: Offset, head: Offset): Signal {
  const order = compareOffsets(head, offset);
  if (order === 0) return "head-same";
  return order > 0 ? "head-ahead" : "head-behind";
}

/** What a written page means: `offset` is where the socket stands now, `head` what the same read returned. */
export function signalOfPage(offset: Offset, head: Offset, announced: Offset, isOverBudget: boolean): Signal {
  if (isOverBudget) return "page-full";
  return offset === head && compareOffsets(announced, head) <= 0 ? "page-end" : "page-more";
}
