/**
 * The load of a run: users with two devices each, users with none until the end, and publishers that serve all of them.
 *
 * One publisher lives here, one in a process that can be killed. Devices come and go by themselves while the load lasts.
 * Every value is unique, and all that happens is logged.
 */
import { setTimeout as delay } from "node:timers/promises";
import { compareOffsets, type DeliveryClass, ZERO_OFFSET } from "@doorstep/protocol";
import type { CleanUp, Program } from "@doorstep/testkit";

import { Device } from "./device.ts";
import type { History } from "./history.ts";
import type { SoakHub } from "./hub.ts";
import { startPublisherProcess } from "./publisher/process.ts";
import { Publisher, type PublisherOrders } from "./publisher/publisher.ts";
import type { Random } from "./random.ts";

/** How large it is. */
export interface WorkloadOptions {
  readonly hub: SoakHub;
  readonly history: History;
  readonly random: Random;
  readonly cleanUp: CleanUp;
  /** Users with two devices. */
  readonly users: number;
  /** Users without a device until the end. */
  readonly away: number;
  /** Mean pause of a publisher between two publishes to one user, in milliseconds. */
  readonly paceMs: number;
  /** Whether some events to users without a device expire within seconds. */
  readonly expiring: boolean;
}

const CHURN_PAUSE_MS = 400;
const AWAY_MS = { min: 50, max: 1_500 };

export class Workload {
  readonly users: readonly string[];
  readonly away: readonly string[];
  readonly devices: Device[];
  readonly #options: WorkloadOptions;
  readonly #publisher: Publisher;
  readonly #churning = new AbortController();
  #program: Program | undefined;
  #processes = 0;
  #churn: Promise<void> = Promise.resolve();

  constructor(options: WorkloadOptions) {
    const { hub, history, random, users, away } = options;
    this.#options = options;
    this.users = Array.from({ length: users }, (_, index) => `user-${index}`);
    this.away = Array.from({ length: away }, (_, index) => `away-${index}`);
    this.devices = this.users.flatMap((userId, user) =>
      [0, 1].map(
        (index) => new Device({ name: `${userId}/${index}`, userId, urls: hub.urls, first: user + index, history }),
      ),
    );
    this.#publisher = new Publisher(this.#orders("here", random), (operation) => history.log(operation));
  }

  get everybody(): readonly string[] {
    return [...this.users, ...this.away];
  }

  /** Connects the devices and begins to publish. */
  async start(): Promise<void> {
    this.#options.cleanUp.add(() => this.close());
    for (const device of this.devices) device.connect();
    this.#publisher.start();
    await this.startProcess();
    this.#churn = this.#comeAndGo(this.#options.random.fork());
  }

  /** The process of the publisher that may be killed. */
  get program(): Program | undefined {
    return this.#program;
  }

  /** Starts that publisher, as a new one: its numbers begin anew. */
  async startProcess(): Promise<void> {
    this.#processes += 1;
    const { hub, random, history, cleanUp } = this.#options;
    const orders = this.#orders(`process-${this.#processes}`, random);
    this.#program = await startPublisherProcess(orders, history, cleanUp, hub.envOf("publisher"));
  }

  /** Publishes so many times as often. */
  hurry(factor: number): void {
    this.#publisher.hurry(factor);
  }

  /** Publishes `count` events of about `bytes` bytes to one user. */
  burst(userId: string, count: number, bytes: number, delivery: DeliveryClass = "durable"): Promise<void> {
    return this.#publisher.burst(userId, count, bytes, delivery);
  }

  /** Adds a device of a user that has some; `url` leads it over a link of the fault's own. */
  addDevice(userId: string, url: string): Device {
    const { history } = this.#options;
    const name = `${userId}/${this.devices.length}`;
    const device = new Device({ name, userId, urls: () => [url], first: 0, history });
    this.devices.push(device);
    device.connect();
    return device;
  }

  /** Ends publishing and coming and going, then connects everybody, also who was away. */
  async settle(): Promise<void> {
    this.#churning.abort();
    await Promise.all([this.#churn, this.#publisher.stop(), this.#program?.stop()]);
    const { hub, history } = this.#options;
    for (const [index, userId] of this.away.entries()) {
      this.devices.push(new Device({ name: `${userId}/0`, userId, urls: hub.urls, first: index, history }));
    }
    for (const device of this.devices) device.connect();
  }

  /** The devices that are not yet where their user's log ends, in words. Throws while Redis is away. */
  async laggards(): Promise<string[]> {
    const { log } = this.#options.hub.store;
    const late: string[] = [];
    for (const device of this.devices) {
      const [head] = await log.heads([log.keysOf(device.userId)]);
      const isThere = compareOffsets(device.offset ?? ZERO_OFFSET, head?.head ?? ZERO_OFFSET) >= 0;
      if (!isThere || !device.isLive) late.push(`${device.describe()}, head ${head?.head ?? "unknown"}`);
    }
    return late;
  }

  /** Closes everything; devices stay as they are in the history. */
  async close(): Promise<void> {
    this.#churning.abort();
    await Promise.all([this.#publisher.stop(), ...this.devices.map((device) => device.end())]);
  }

  #orders(name: string, random: Random): PublisherOrders {
    const { hub, paceMs, expiring } = this.#options;
    const seed = random.integer(0, 2 ** 32 - 1);
    const { publisherUrl: redisUrl, limits } = hub;
    return { name, redisUrl, users: this.everybody, expiring: expiring ? this.away : [], paceMs, seed, limits };
  }

  async #comeAndGo(random: Random): Promise<void> {
    const { signal } = this.#churning;
    const pause = (ms: number): Promise<unknown> => delay(ms, undefined, { signal }).catch(() => "the load ends");
    const absences: Promise<void>[] = [];
    const leave = async (device: Device, awayMs: number): Promise<void> => {
      await device.disconnect();
      await pause(awayMs);
      device.connect();
    };
    while (!signal.aborted) {
      await pause(CHURN_PAUSE_MS * (0.5 + random.next()));
      const device = random.pick(this.devices);
      if (device.isLive) absences.push(leave(device, random.integer(AWAY_MS.min, AWAY_MS.max)));
    }
    await Promise.all(absences);
  }
}
