/**
 * Behind Sentinel a connection may lead to a master that was replaced: one that restarts calls itself master, and a
 * sentinel that lags still sends clients there. What it says is of the past, and what it takes is lost.
 *
 * So after each reconnect every sentinel is asked, and the answer of the latest configuration epoch counts: the sentinel
 * that led the failover has it first. Where none answers, the connection is believed: an outage of sentinels alone stops
 * nobody.
 */
import { Redis, type RedisOptions } from "ioredis";

const ASK_TIMEOUT_MS = 1_000;

interface View {
  readonly host: string;
  readonly port: number;
  readonly epoch: number;
}

/** Whether a connection behind Sentinel leads to the present master; true for every other connection. */
export async function isPresentMaster(redis: Redis): Promise<boolean> {
  const { sentinels, name } = redis.options;
  if (!sentinels || sentinels.length === 0 || typeof name !== "string") return true;
  const views = await Promise.all(sentinels.map((address) => ask(address, name, redis.options)));
  const latest = views.reduce((best, view) => ((view?.epoch ?? -1) > (best?.epoch ?? -1) ? view : best), undefined);
  if (latest === undefined) return true;
  return latest.port === redis.stream?.remotePort && isSameHost(latest.host, redis.stream.remoteAddress);
}

async function ask(
  { host = "127.0.0.1", port = 26_379 }: { host?: string; port?: number },
  name: string,
  options: RedisOptions,
): Promise<View | undefined> {
  const sentinel = new Redis({
    host,
    port,
    lazyConnect: true,
    connectTimeout: ASK_TIMEOUT_MS,
    commandTimeout: ASK_TIMEOUT_MS,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    ...(options.enableTLSForSentinelMode === true ? { tls: options.sentinelTLS ?? {} } : {}),
    ...(options.sentinelUsername === undefined ? {} : { username: options.sentinelUsername }),
    ...(options.sentinelPassword === undefined ? {} : { password: options.sentinelPassword }),
  });
  // Without a listener ioredis would print what the rejected call tells as well.
  sentinel.on("error", () => undefined);
  // One that takes the connection and says nothing must not hold us up either.
  const timer = setTimeout(() => sentinel.disconnect(), 2 * ASK_TIMEOUT_MS);
  try {
    await sentinel.connect();
    // While it fails over, the address among the fields is still the old one, and the one to connect to is the new one.
    const [address, fields] = await Promise.all([
      sentinel.call("SENTINEL", "GET-MASTER-ADDR-BY-NAME", name) as Promise<[string, string]>,
      sentinel.call("SENTINEL", "MASTER", name) as Promise<string[] | Record<string, string>>,
    ]);
    const epoch = Array.isArray(fields) ? fields[fields.indexOf("config-epoch") + 1] : fields["config-epoch"];
    return { host: address[0], port: Number(address[1]), epoch: Number(epoch) };
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
    sentinel.disconnect();
  }
}

/** A sentinel may know the master by a name; then the port has to do. */
function isSameHost(host: string, address: string | undefined): boolean {
  const isAddress = /^[\d.]+$|:/.test(host);
  return !isAddress || address === undefined || host === address || address === `::ffff:${host}`;
}
