/**
 * One URL for every kind of Redis (DESIGN section 8):
 *
 *   redis://[user:password@]host[:port][/db]          rediss:// with TLS
 *   redis+sentinel://host:port,host:port/name         rediss+sentinel://
 *   redis+cluster://host:port,host:port               rediss+cluster://
 */
import { DoorstepError } from "@doorstep/protocol";

export interface RedisNode {
  readonly host: string;
  readonly port: number;
}

/** Where Redis is and how to log in. */
export interface RedisTarget {
  readonly kind: "standalone" | "sentinel" | "cluster";
  readonly nodes: readonly RedisNode[];
  readonly tls: boolean;
  readonly username?: string;
  readonly password?: string;
  /** Standalone only. */
  readonly db?: number;
  /** Sentinel only: the name of the master. */
  readonly master?: string;
}

const URL_FORM = /^(rediss?)(?:\+(sentinel|cluster))?:\/\/(?:([^@/]*)@)?([^/?#]+)(?:\/([^/?#]*))?$/;
const DEFAULT_PORT = { standalone: 6379, sentinel: 26379, cluster: 6379 } as const;

/** Reads a REDIS_URL; throws INVALID_REQUEST, without repeating the password. */
export function parseRedisUrl(url: string): RedisTarget {
  const match = URL_FORM.exec(url);
  if (match === null) throw malformed("expected redis://, redis+sentinel:// or redis+cluster:// with hosts");
  const [, scheme, mode, login, hosts = "", path = ""] = match;
  const kind = mode === "sentinel" || mode === "cluster" ? mode : "standalone";
  const nodes = hosts.split(",").map((host) => parseNode(host, DEFAULT_PORT[kind]));
  if (kind === "standalone" && nodes.length > 1)
    throw malformed("several hosts need redis+sentinel:// or redis+cluster://");
  if (kind === "sentinel" && path === "") throw malformed("redis+sentinel:// ends with /<name of the master>");
  if (kind === "cluster" && path !== "" && path !== "0") throw malformed("a Cluster has only database 0");
  if (kind === "standalone" && !/^\d{0,5}$/.test(path)) throw malformed("the database is a number");
  return {
    kind,
    nodes,
    tls: scheme === "rediss",
    ...parseLogin(login),
    ...(kind === "standalone" ? { db: Number(path) } : {}),
    ...(kind === "sentinel" ? { master: decode(path) } : {}),
  };
}

function parseLogin(login: string | undefined): { username?: string; password?: string } {
  if (login === undefined || login === "") return {};
  const colon = login.indexOf(":");
  const username = decode(colon === -1 ? login : login.slice(0, colon));
  const password = colon === -1 ? "" : decode(login.slice(colon + 1));
  return { ...(username === "" ? {} : { username }), ...(password === "" ? {} : { password }) };
}

function parseNode(text: string, defaultPort: number): RedisNode {
  const match = /^(\[[0-9a-fA-F:]+\]|[\w.-]+)(?::(\d{1,5}))?$/.exec(text);
  const port = Number(match?.[2] ?? defaultPort);
  if (match?.[1] === undefined || port < 1 || port > 65_535) {
    // Not repeated: a password with an unescaped "@" or "/" ends up here.
    throw malformed('every host is host:port; ":", "/" and "@" in a password are percent-encoded');
  }
  return { host: match[1].replace(/^\[|\]$/g, ""), port };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    throw malformed("a percent sign is written %25", { cause: error });
  }
}

function malformed(detail: string, options?: ErrorOptions): DoorstepError {
  return new DoorstepError("INVALID_REQUEST", `REDIS_URL: ${detail}`, options);
}
