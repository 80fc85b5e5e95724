/** An audience: one gateway of given settings on a master, a crowd of clients and a press, all processes of their own. */
import { setTimeout as delay } from "node:timers/promises";
import { type CleanUp, createHubProcesses, type GatewayProcess, type RedisServer } from "@doorstep/testkit";

import type { Crowd } from "../../client/crowd.ts";
import type { Press } from "../../publisher/press.ts";
import { type Remote, startRemote } from "../../remote.ts";
import type { Master } from "../masters.ts";
import { cpuUsOf } from "./spent.ts";

/** CPU of both, in microseconds. */
export interface BothUs {
  readonly gatewayUs: number;
  readonly redisUs: number;
}

const LOOK_EVERY_MS = 20;
const PATIENCE_MS = 20_000;
/** Faster than anybody publishes. */
const AT_ONCE_PER_S = 1e6;
const BURST = 500;
const MS_PER_S = 1_000;

export class Audience {
  readonly redis: RedisServer;
  readonly gateway: GatewayProcess;
  readonly crowd: Remote<Crowd>;
  readonly #press: Remote<Press>;
  readonly #cleanUp: CleanUp;

  static async start(
    { url: redisUrl, redis }: Master,
    env: Readonly<Record<string, string>>,
    cleanUp: CleanUp,
  ): Promise<Audience> {
    const gateway = await createHubProcesses({ redisUrl, cleanUp, env }).startGateway();
    const press = await startRemote<Press>("publisher/main.js", cleanUp);
    await press.call("open", "doorstep", redisUrl);
    return new Audience(redis, gateway, press, await startCrowd([gateway], cleanUp), cleanUp);
  }

  private constructor(
    redis: RedisServer,
    gateway: GatewayProcess,
    press: Remote<Press>,
    crowd: Remote<Crowd>,
    cleanUp: CleanUp,
  ) {
    this.redis = redis;
    this.gateway = gateway;
    this.crowd = crowd;
    this.#press = press;
    this.#cleanUp = cleanUp;
  }

  /** Connects further devices of users from 0. */
  async addDevices(users: number): Promise<void> {
    const crowd = await startCrowd([this.gateway], this.#cleanUp);
    await crowd.call("connect", { from: 0, users });
  }

  /** CPU that gateway and Redis use while something runs. */
  async spentBy(run: () => Promise<unknown>): Promise<BothUs> {
    const before = await this.#read();
    await run();
    const after = await this.#read();
    return { gatewayUs: after.gatewayUs - before.gatewayUs, redisUs: after.redisUs - before.redisUs };
  }

  /** CPU a second while nothing but time goes by. */
  async restUs(seconds: number): Promise<BothUs> {
    const spent = await this.spentBy(() => delay(seconds * MS_PER_S));
    return { gatewayUs: spent.gatewayUs / seconds, redisUs: spent.redisUs / seconds };
  }

  /** Stops the gateway for so long: what was due meanwhile it finds at once, and so it does from then on. */
  async gatherTimers(seconds: number): Promise<void> {
    await this.gateway.program.kill("SIGSTOP");
    await delay(seconds * MS_PER_S);
    await this.gateway.program.kill("SIGCONT");
  }

  /** Publishes at a rate and waits until all of it has come; answers how many seconds that took. */
  async publish(users: number, events: number, eventsPerS: number): Promise<number> {
    const beganMs = performance.now();
    await this.crowd.call("reset");
    await this.#press.call("runOpen", { from: 0, users, events, eventsPerS });
    await this.#untilCame(events);
    return (performance.now() - beganMs) / MS_PER_S;
  }

  /** Publishes while the gateway is stopped and lets it go, again and again: it finds many events at once. */
  async publishInBursts(users: number, events: number): Promise<number> {
    const beganMs = performance.now();
    for (let n = 0; n < events; n += BURST) {
      await this.crowd.call("reset");
      await this.gateway.program.kill("SIGSTOP");
      const size = Math.min(BURST, events - n);
      await this.#press.call("runOpen", { from: n % users, users: size, events: size, eventsPerS: AT_ONCE_PER_S });
      await this.gateway.program.kill("SIGCONT");
      await this.#untilCame(size);
    }
    return (performance.now() - beganMs) / MS_PER_S;
  }

  async #untilCame(events: number): Promise<void> {
    const untilMs = performance.now() + PATIENCE_MS;
    for (;;) {
      const { distinct } = await this.crowd.call("look");
      if (distinct >= events) return;
      if (performance.now() > untilMs) throw new Error(`${distinct} of ${events} events came`);
      await delay(LOOK_EVERY_MS);
    }
  }

  async #read(): Promise<BothUs> {
    return { gatewayUs: await cpuUsOf(this.gateway.program.pid), redisUs: await cpuUsOf(this.redis.pid) };
  }
}

/** Starts a crowd whose users connect to these gateways, one after the other. */
export async function startCrowd(gateways: readonly GatewayProcess[], cleanUp: CleanUp): Promise<Remote<Crowd>> {
  const crowd = await startRemote<Crowd>("client/main.js", cleanUp);
  await crowd.call("open", "doorstep");
  await crowd.call(
    "setServers",
    gateways.map(({ url }) => url),
  );
  return crowd;
}
