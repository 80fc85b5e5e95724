/** The configuration of one Centrifugo 6, with what its documentation has for personal channels on Redis. */

export interface ConfigOptions {
  readonly redisUrl: string;
  readonly port: number;
}

/** Enough for all that a workload keeps waiting for one user; the documentation's examples have a few hundred. */
const HISTORY_SIZE = 20_000;
const HISTORY_TTL = "1h";

/** Writes it as JSON. As the other targets do, it believes the user it is told, and listens to this machine alone. */
export function toConfig({ redisUrl, port }: ConfigOptions): string {
  const personal = {
    name: "user",
    history_size: HISTORY_SIZE,
    history_ttl: HISTORY_TTL,
    force_recovery: true,
    allow_subscribe_for_client: true,
    allow_subscribe_for_anonymous: true,
  };
  return JSON.stringify({
    http_server: { address: "127.0.0.1", port },
    engine: { type: "redis", redis: { address: redisUrl } },
    client: { insecure: true, allowed_origins: ["*"], recovery_max_publication_limit: HISTORY_SIZE },
    http_api: { insecure: true },
    health: { enabled: true },
    channel: { namespaces: [personal] },
  });
}
