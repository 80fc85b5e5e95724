/**
 * Checks on docker-compose.yml: every part is there, built from a stage that exists, and safe on a developer's machine.
 *
 * Functions from the parsed file to problems in words.
 */
import { failing, look, lookKeys, lookList, lookNumber, lookText } from "./document.ts";
import type { Tree } from "./document.ts";

const BUILT = { "gateway-1": "gateway", "gateway-2": "gateway", courier: "courier", demo: "demo" } as const;
const PUBLISHED = { "gateway-1": "8081:8080", "gateway-2": "8082:8080", demo: "8080:3000" } as const;
const SHUTDOWN = "DOORSTEP_SHUTDOWN_TIMEOUT_MS";
const REDIS_SETTINGS = [
  ["--appendonly", "yes"],
  ["--maxmemory-policy", "noeviction"],
  ["--stream-node-max-bytes", "512"],
  ["--latency-tracking", "no"],
] as const;

/** Finds missing services, targets that are no stage of the Dockerfile, and starts that do not wait for what they need. */
export function serviceProblems(compose: Tree, stages: readonly string[]): string[] {
  const service = (name: string, ...path: string[]): Tree | undefined => look(compose, "services", name, ...path);
  return failing([
    ...["redis", ...Object.keys(BUILT)].map((name) => [service(name) !== undefined, `${name} is missing`] as const),
    ...Object.entries(BUILT).flatMap(([name, stage]) => [
      [
        service(name, "build", "target") === stage && stages.includes(stage),
        `${name} is not built from ${stage}`,
      ] as const,
      [service(name, "build", "dockerfile") === "infra/docker/Dockerfile", `${name} has another Dockerfile`] as const,
      [
        service(name, "depends_on", "redis", "condition") === "service_healthy",
        `${name} does not wait for a healthy redis`,
      ] as const,
      [service(name, "environment", "REDIS_URL") === "redis://redis:6379", `${name} has another Redis`] as const,
    ]),
    ...Object.entries(PUBLISHED).map(
      ([name, port]) =>
        [
          lookList(service(name, "ports")).includes(`127.0.0.1:${port}`),
          `${name} is not published as ${port}`,
        ] as const,
    ),
  ]);
}

/** Finds a Redis that may forget: no append-only file, no volume, eviction, or big nodes for short streams. */
export function redisProblems(compose: Tree): string[] {
  const redis = look(compose, "services", "redis");
  const words = lookList(redis, "command");
  return failing([
    [/^redis:7\b/.test(lookText(redis, "image")), "redis is not version 7"],
    ...REDIS_SETTINGS.map(
      ([name, value]) => [words[words.indexOf(name) + 1] === value, `${name} is not ${value}`] as const,
    ),
    [lookList(redis, "volumes").some((volume) => lookText(volume).endsWith(":/data")), "redis data is not on a volume"],
    [look(redis, "healthcheck", "test") !== undefined, "redis has no health check"],
  ]);
}

/** Finds ports open to the network, secrets without a marked development default, and a kill before the drain is over. */
export function safetyProblems(compose: Tree): string[] {
  const names = lookKeys(compose, "services");
  const ports = names.flatMap((name) => lookList(compose, "services", name, "ports").map((port) => lookText(port)));
  const secrets = names.flatMap((name) => {
    const environment = look(compose, "services", name, "environment");
    return lookKeys(environment)
      .filter((key) => /SECRET|KEYS/.test(key))
      .map((key) => [key, lookText(environment, key)] as const);
  });
  const stopping = names.filter((name) => look(compose, "services", name, "environment", SHUTDOWN) !== undefined);
  return failing([
    [ports.every((port) => port.startsWith("127.0.0.1:")), "a port is open to the network"],
    [ports.every((port) => !/:909\d$/.test(port)), "an admin port is published"],
    [look(compose, "services", "redis", "ports") === undefined, "redis is published"],
    ...secrets.map(
      ([key, value]) => [value.startsWith(`\${${key}:-development-only-`), `${key} has an unmarked default`] as const,
    ),
    [stopping.join() === "gateway-1,gateway-2,courier", "gateways or the courier have no deadline for their shutdown"],
    ...stopping.map((name) => {
      const service = look(compose, "services", name);
      const graceMs = Number(/^(\d+)s$/.exec(lookText(service, "stop_grace_period"))?.[1]) * 1000;
      return [graceMs > lookNumber(service, "environment", SHUTDOWN), `${name} is killed before its deadline`] as const;
    }),
    ...stopping.map((name) => {
      const environment = look(compose, "services", name, "environment");
      const drainMs = name === "courier" ? 0 : lookNumber(environment, "DOORSTEP_DRAIN_MS");
      return [
        lookNumber(environment, SHUTDOWN) >= drainMs + 10_000,
        `${name} gives up before its drain is over`,
      ] as const;
    }),
  ]);
}
