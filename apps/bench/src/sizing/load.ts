/** Loads: what users do, as the model takes it. The numbers of the sizing table are assumptions, to be replaced by one's own. */

export interface Load {
  readonly users: number;
  /** Of the users, at the peak. */
  readonly onlineShare: number;
  /** Connections of a user who is online, each to any gateway. */
  readonly devices: number;
  readonly eventsPerUserDay: number;
  /** The busiest second against the mean one. */
  readonly peakFactor: number;
  /** Of the events, those whose user is away: they are held. */
  readonly awayShare: number;
  /** Of the events, those that a publisher hands over many at once. */
  readonly batchedShare: number;
  /** Of the events, those whose publisher chose the id. */
  readonly ownIdShare: number;
  /** How often a connection is made anew. */
  readonly connectsPerHour: number;
  /** Days that a held event waits on the mean, until its user is back. */
  readonly heldDays: number;
  /** Of a log, in days: what a log keeps for devices that resume. */
  readonly logDays: number;
  /** Most events of a log. */
  readonly logMaxEvents: number;
  readonly pingIntervalS: number;
  readonly headCheckS: number;
  readonly graceS: number;
  readonly dedupeS: number;
  readonly partitions: number;
  /** What processes are sized for, of one core. */
  readonly use: number;
}

/** The assumptions of the sizing table; the intervals and limits are the programs' defaults. */
export const ASSUMED: Load = {
  users: 10_000,
  onlineShare: 0.2,
  devices: 2,
  eventsPerUserDay: 50,
  peakFactor: 5,
  awayShare: 0.4,
  batchedShare: 0,
  ownIdShare: 0.1,
  connectsPerHour: 2,
  heldDays: 1,
  logDays: 1,
  logMaxEvents: 1_000,
  pingIntervalS: 25,
  headCheckS: 5,
  graceS: 10,
  dedupeS: 600,
  partitions: 1_024,
  use: 0.5,
};

/** The sizes of the table. */
export const SIZES = [10_000, 100_000, 1_000_000, 10_000_000];

/** How old a push may be to stand for a look, and of how many checks one looks in any case: apps/gateway, head-check.ts. */
const FRESH_S = 1;
const TURNS = 6;
const S_PER_DAY = 86_400;
const S_PER_HOUR = 3_600;

/** What a load comes to in each second of its peak. */
export interface Rates {
  readonly events: number;
  /** To users who are online. */
  readonly live: number;
  readonly held: number;
  readonly onlineUsers: number;
  readonly connections: number;
  readonly pings: number;
  /** Calls to Redis: pongs of connections to which something came since the one before. */
  readonly acks: number;
  /** Looks of couriers at users who are online: their events wait longer than the grace period for the next pong. */
  readonly looks: number;
  readonly connects: number;
  /** Looks of head checks: users whom a push reached within `FRESH_S` are passed over at most checks. */
  readonly checkedUsers: number;
}

export function ratesOf(load: Load): Rates {
  const events = (load.users * load.eventsPerUserDay * load.peakFactor) / S_PER_DAY;
  const onlineUsers = load.users * load.onlineShare;
  const connections = onlineUsers * load.devices;
  const live = events * (1 - load.awayShare);
  const pings = connections / load.pingIntervalS;
  const perUser = onlineUsers === 0 ? 0 : live / onlineUsers;
  const reachedWithin = (seconds: number): number => 1 - Math.exp(-perUser * seconds);
  const isReached = reachedWithin(load.pingIntervalS);
  const isPassedOver = reachedWithin(FRESH_S) * (1 - 1 / TURNS);
  // The first event after an acknowledgement waits for the first pong of any device; it is looked at once it is overdue.
  const isOverdue = Math.max(0, 1 - load.graceS / load.pingIntervalS) ** load.devices;
  const cycles = onlineUsers * (isReached / load.pingIntervalS);
  return {
    events,
    live,
    held: events - live,
    onlineUsers,
    connections,
    pings,
    acks: pings * isReached,
    looks: cycles * isOverdue,
    connects: (connections * load.connectsPerHour) / S_PER_HOUR,
    checkedUsers: (onlineUsers * (1 - isPassedOver)) / load.headCheckS,
  };
}
