/**
 * Defects: each takes a clean history and plants one mistake that breaks the rule it is named after; undefined where
 * the history offers no place for it. `pick` chooses among the places.
 */
import type {
  ArrivalOperation,
  GapOperation,
  LogOperation,
  Operation,
  PublishOperation,
} from "../../../src/checker/history.ts";
import { isAfter, type Offset, ZERO_OFFSET } from "../../../src/checker/offset.ts";
import type { Rule } from "../../../src/checker/verdict.ts";

type History = readonly Operation[];
type Defect = (history: History, pick: number) => History | undefined;
type Logged = ArrivalOperation & { readonly offset: Offset };

/** One or more defects for each rule. */
export const DEFECTS: readonly (readonly [Rule, string, Defect])[] = [
  ["lostSilent", "forgets an event everywhere", (history, pick) => withoutEvent(history, uncovered(history, pick))],
  ["lostTold", "forgets an event and says so", loseAndTell],
  ["needlessGap", "says that a logged event will not come", tellTooMuch],
  ["phantom", "invents an event", (history, pick) => edit(history, choose(arrivals(history), pick), { id: "ghost" })],
  ["phantom", "delivers what it refused", refuse],
  ["crossUser", "mixes up two users", mixUp],
  ["duplicateApplied", "hands over an event twice", (history, pick) => repeat(history, "applied", pick)],
  ["duplicateWire", "writes an event twice", (history, pick) => repeat(history, "received", pick)],
  ["duplicateLog", "appends an event twice", appendAgain],
  ["order", "swaps two arrivals", swap],
  ["hole", "leaves out an arrival", leaveOut],
  ["fork", "has another event at an offset", replaceInLog],
  ["ackSafety", "acknowledges beyond everything", (history) => editLog(history, () => ({ acked: "99999-0" }))],
  ["ackSafety", "gives up what nobody acknowledged", giveUp],
  ["liveness", "delivers far too late", delay],
  ["liveness", "never delivers the last event", (history) => editLog(history, () => ({ head: "99999-0" }))],
  [
    "bounded",
    "keeps its memory",
    (history) => [...history, { op: "sample", atMs: 1e6, process: "gateway-1", rssBytes: 9e8 }],
  ],
];

function choose<T>(places: readonly T[], pick: number): T | undefined {
  return places[pick % Math.max(1, places.length)];
}

function arrivals(history: History): Logged[] {
  return history.filter((operation): operation is Logged => "replayed" in operation && operation.offset !== undefined);
}

function isFinalArrival(history: History, { device, userId, op }: ArrivalOperation): boolean {
  const applies = history.some((o) => o.op === "connected" && o.device === device && o.userId === userId && o.applies);
  return op === (applies ? "applied" : "received");
}

function logOf(history: History, userId: string): LogOperation | undefined {
  return history.find((operation): operation is LogOperation => operation.op === "log" && operation.userId === userId);
}

function isLogged(history: History, { userId, id }: { userId: string; id: string }): boolean {
  return logOf(history, userId)?.entries.some((entry) => entry.id === id) ?? false;
}

function isDead(history: History, { userId, id }: { userId: string; id: string }): boolean {
  return history.some(
    (o) => o.op === "deadLetters" && o.userId === userId && o.events.some((event) => event.id === id),
  );
}

function isInGap(history: History, { userId, offset }: { userId: string; offset: Offset }): boolean {
  return history.some(
    (o) => o.op === "gap" && o.userId === userId && isAfter(offset, o.from) && !isAfter(offset, o.to),
  );
}

type Answer = PublishOperation & { readonly offset: Offset };

/** An acknowledged durable event that is no dead letter and in no gap. */
function uncovered(history: History, pick: number): Answer | undefined {
  const answers = history.filter(
    (o): o is Answer => o.op === "publish" && o.phase === "ok" && o.delivery === "durable",
  );
  return choose(
    answers.filter((answer) => !isDead(history, answer) && !isInGap(history, answer)),
    pick,
  );
}

function edit(history: History, place: Operation | undefined, change: Partial<ArrivalOperation>): History | undefined {
  if (place === undefined) return undefined;
  return history.map((operation) => (operation === place ? ({ ...operation, ...change } as Operation) : operation));
}

function editLog(history: History, change: (log: LogOperation) => Partial<LogOperation>): History {
  return history.map((operation) => (operation.op === "log" ? { ...operation, ...change(operation) } : operation));
}

function withoutEvent(history: History, event: { userId: string; id: string } | undefined): History | undefined {
  if (event === undefined) return undefined;
  const { userId, id } = event;
  return withoutStored(history, event)?.filter((o) => !("replayed" in o && o.userId === userId && o.id === id));
}

function withoutStored(history: History, { userId, id }: { userId: string; id: string }): History {
  return history.map((operation) => {
    if (!("userId" in operation) || operation.userId !== userId) return operation;
    if (operation.op === "log") return { ...operation, entries: operation.entries.filter((entry) => entry.id !== id) };
    if (operation.op !== "parcels") return operation;
    return { ...operation, events: operation.events.filter((event) => event.id !== id) };
  });
}

function tell(history: History, userId: string, device: string, to: Offset): GapOperation {
  const life = Math.max(
    ...history.map((o) => ("device" in o && o.userId === userId && o.device === device ? o.life : 0)),
  );
  return { op: "gap", device, userId, life, from: ZERO_OFFSET, to, reason: "dropped", atMs: 1e6 };
}

function loseAndTell(history: History, pick: number): History | undefined {
  const event = uncovered(history, pick);
  const lost = withoutEvent(history, event);
  if (event === undefined || lost === undefined) return undefined;
  return [...lost, ...["phone", "tablet"].map((device) => tell(history, event.userId, device, event.offset))];
}

function tellTooMuch(history: History, pick: number): History | undefined {
  const places = arrivals(history).filter(
    (o) => isFinalArrival(history, o) && isLogged(history, o) && !isDead(history, o) && isDurable(history, o),
  );
  const place = choose(places, pick);
  if (place === undefined) return undefined;
  const { userId, device, id, offset } = place;
  const isGone = (o: Operation): boolean =>
    "replayed" in o && o.userId === userId && o.device === device && o.id === id;
  return [...history.filter((o) => !isGone(o)), tell(history, userId, device, offset)];
}

function isDurable(history: History, { userId, id }: ArrivalOperation): boolean {
  return history.some(
    (o) => o.op === "publish" && o.phase === "ok" && o.delivery === "durable" && o.userId === userId && o.id === id,
  );
}

function refuse(history: History, pick: number): History | undefined {
  const place = choose(arrivals(history), pick);
  if (place === undefined) return undefined;
  const isAnswer = (o: Operation): boolean => o.op === "publish" && o.phase !== "invoke" && o.id === place.id;
  return history.map((o) => (isAnswer(o) ? ({ ...o, phase: "fail" } as Operation) : o));
}

function mixUp(history: History, pick: number): History | undefined {
  const place = choose(arrivals(history), pick);
  return edit(history, place, { forUser: place?.userId === "ann" ? "bob" : "ann" });
}

function repeat(history: History, op: ArrivalOperation["op"], pick: number): History | undefined {
  const place = choose(
    arrivals(history).filter((arrival) => arrival.op === op),
    pick,
  );
  return place && history.flatMap((operation) => (operation === place ? [place, place] : [operation]));
}

function appendAgain(history: History, pick: number): History | undefined {
  const places = history.filter((o): o is LogOperation => o.op === "log" && o.entries.length > 0);
  const place = choose(places, pick);
  const entry = choose(place?.entries ?? [], pick);
  if (entry === undefined) return undefined;
  const again = { ...entry, offset: "99999-0" };
  return editLog(history, (log) => (log === place ? { entries: [...log.entries, again] } : {}));
}

/** Three arrivals in a row on one connection, in one view. */
function triples(history: History): [Logged, Logged, Logged][] {
  const rows = new Map<string, Logged[]>();
  for (const arrival of arrivals(history)) {
    const key = [arrival.op, arrival.userId, arrival.device, arrival.life].join(" ");
    rows.set(key, [...(rows.get(key) ?? []), arrival]);
  }
  const found: [Logged, Logged, Logged][] = [];
  for (const row of rows.values()) {
    row.forEach((middle, index) => {
      const [before, after] = [row[index - 1], row[index + 1]];
      if (before !== undefined && after !== undefined && isAfter(middle.offset, before.offset)) {
        if (isAfter(after.offset, middle.offset)) found.push([before, middle, after]);
      }
    });
  }
  return found;
}

function swap(history: History, pick: number): History | undefined {
  const [first, second] = choose(triples(history), pick) ?? [];
  return first && second && history.map((o) => (o === first ? second : o === second ? first : o));
}

function leaveOut(history: History, pick: number): History | undefined {
  const places = triples(history).filter(([, o]) => isLogged(history, o) && !isInGap(history, o));
  const [, place] = choose(places, pick) ?? [];
  return place && history.filter((operation) => operation !== place);
}

function replaceInLog(history: History, pick: number): History | undefined {
  const places = arrivals(history).filter((arrival) => isLogged(history, arrival));
  const place = choose(places, pick);
  if (place === undefined) return undefined;
  return editLog(history, ({ userId, entries }) => ({
    entries: entries.map((entry) =>
      entry.id === place.id && userId === place.userId ? { ...entry, id: "other" } : entry,
    ),
  }));
}

function giveUp(history: History, pick: number): History | undefined {
  const ackedOf = (userId: string): Offset => {
    const acks = history.flatMap((o) => (o.op === "acked" && o.userId === userId ? [o.offset] : []));
    return [...acks, logOf(history, userId)?.acked ?? ZERO_OFFSET].reduce((a, b) => (isAfter(a, b) ? a : b));
  };
  const places = arrivals(history).filter(
    (o) => isDurable(history, o) && !isDead(history, o) && isAfter(o.offset, ackedOf(o.userId)),
  );
  const live = places.filter(({ userId, id }) =>
    ["phone", "tablet"].every((device) =>
      places.some((o) => o.userId === userId && o.id === id && o.device === device && isFinalArrival(history, o)),
    ),
  );
  const place = choose(live, pick);
  return place && withoutStored(history, place);
}

function delay(history: History, pick: number): History | undefined {
  const places = arrivals(history).filter((o) => isFinalArrival(history, o) && isDurable(history, o));
  const place = choose(places, pick);
  if (place === undefined) return undefined;
  const { userId, device, id } = place;
  return history.map((o) =>
    "replayed" in o && o.userId === userId && o.device === device && o.id === id ? { ...o, atMs: 1e6 } : o,
  );
}
