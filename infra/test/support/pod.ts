/**
 * Checks on a Deployment's pods: what they may do, how they are asked whether they live, and how they leave.
 *
 * Every function takes the parsed Deployment and returns the problems it sees, in words. Expects one container per pod.
 */
import { failing, isSame, look, lookList, lookNumber, lookText } from "./document.ts";
import type { Tree } from "./document.ts";

/** The settings a ConfigMap gives to a program, by name. */
export type Settings = ReadonlyMap<string, string>;

const SPEC = ["spec", "template", "spec"] as const;
const CONTAINER = [...SPEC, "containers", 0] as const;
/** What closing the last sockets and Redis connections may take after the drain. */
const CLOSING_MS = 10_000;

/** Finds what keeps a pod from the restricted profile: user, privileges, capabilities, file system, tokens. */
export function securityProblems(deployment: Tree): string[] {
  const pod = (...path: string[]): Tree | undefined => look(deployment, ...SPEC, ...path);
  const own = (...path: string[]): Tree | undefined => look(deployment, ...CONTAINER, "securityContext", ...path);
  return failing([
    [lookList(deployment, ...SPEC, "containers").length === 1, "the pod does not have exactly one container"],
    [pod("securityContext", "runAsNonRoot") === true, "runAsNonRoot is not true"],
    [lookNumber(deployment, ...SPEC, "securityContext", "runAsUser") > 10_000, "runAsUser is not above 10000"],
    [lookNumber(deployment, ...SPEC, "securityContext", "runAsGroup") > 10_000, "runAsGroup is not above 10000"],
    [pod("securityContext", "seccompProfile", "type") === "RuntimeDefault", "seccompProfile is not RuntimeDefault"],
    [pod("automountServiceAccountToken") === false, "the service account token is mounted"],
    [pod("enableServiceLinks") === false, "service links reach the environment as DOORSTEP_* variables"],
    [own("allowPrivilegeEscalation") === false, "allowPrivilegeEscalation is not false"],
    [own("readOnlyRootFilesystem") === true, "readOnlyRootFilesystem is not true"],
    [isSame(own("capabilities"), { drop: ["ALL"] }), "capabilities are not all dropped"],
    [
      own("runAsUser") === undefined && own("privileged") === undefined,
      "the container overrides the pod's user or is privileged",
    ],
  ]);
}

/** Finds probes that ask the wrong port or question: liveness must never depend on Redis, so it is /healthz only. */
export function probeProblems(deployment: Tree, settings: Settings): string[] {
  const probe = (kind: string, field: string): Tree | undefined =>
    look(deployment, ...CONTAINER, `${kind}Probe`, "httpGet", field);
  const ports = lookList(deployment, ...CONTAINER, "ports");
  const admin = ports.find((port) => look(port, "name") === "admin");
  const adminPort = settings.get("DOORSTEP_ADMIN_PORT");
  const scrapePort = look(deployment, "spec", "template", "metadata", "annotations", "prometheus.io/port");
  return failing([
    [probe("startup", "path") === "/healthz", "startup is not /healthz"],
    [probe("readiness", "path") === "/readyz", "readiness is not /readyz"],
    [probe("liveness", "path") === "/healthz", "liveness is not /healthz"],
    ...["startup", "readiness", "liveness"].map(
      (kind) => [probe(kind, "port") === "admin", `${kind} does not ask the admin port`] as const,
    ),
    [lookText(admin, "containerPort") === adminPort, "the port named admin is not DOORSTEP_ADMIN_PORT"],
    [scrapePort === adminPort, "Prometheus is not sent to DOORSTEP_ADMIN_PORT"],
  ]);
}

/**
 * Finds times that cut each other off. They must nest: the drain and 10 s for closing within the program's own deadline,
 * and preStop and that deadline within the grace period after which Kubernetes kills.
 */
export function shutdownProblems(deployment: Tree, settings: Settings): string[] {
  const [command, seconds] = lookList(deployment, ...CONTAINER, "lifecycle", "preStop", "exec", "command");
  const preStopMs = Number(seconds) * 1000;
  const graceMs = lookNumber(deployment, ...SPEC, "terminationGracePeriodSeconds") * 1000;
  const drainMs = Number(settings.get("DOORSTEP_DRAIN_MS"));
  const deadlineMs = Number(settings.get("DOORSTEP_SHUTDOWN_TIMEOUT_MS"));
  return failing([
    [command === "sleep" && preStopMs >= 5000, "preStop does not sleep for 5 s or more"],
    [deadlineMs >= drainMs + CLOSING_MS, "the program's deadline is not longer than drain and closing"],
    [graceMs > preStopMs + deadlineMs, "the grace period is not longer than preStop and the program's deadline"],
  ]);
}

/** Finds a rollout that takes pods away before new ones have proved themselves, or that lets them crowd on one node. */
export function rolloutProblems(deployment: Tree): string[] {
  const strategy = look(deployment, "spec", "strategy");
  const labels = look(deployment, "spec", "template", "metadata", "labels");
  const spreads = lookList(deployment, ...SPEC, "topologySpreadConstraints");
  const keys = new Set(spreads.map((spread) => look(spread, "topologyKey")));
  return failing([
    [look(strategy, "rollingUpdate", "maxUnavailable") === 0, "a rollout may take a pod away first"],
    [look(strategy, "rollingUpdate", "maxSurge") === "25%", "maxSurge is not 25%"],
    [lookNumber(deployment, "spec", "minReadySeconds") >= 10, "minReadySeconds is under 10"],
    [isSame(look(deployment, "spec", "selector", "matchLabels"), labels), "the selector does not match the pod"],
    [keys.has("topology.kubernetes.io/zone"), "pods are not spread over zones"],
    [keys.has("kubernetes.io/hostname"), "pods are not spread over nodes"],
    [
      spreads.every((spread) => isSame(look(spread, "labelSelector", "matchLabels"), labels)),
      "a spread constraint counts other pods",
    ],
  ]);
}

/** Finds memory that may be overcommitted, a heap that does not fit, or a CPU limit. */
export function resourceProblems(deployment: Tree): string[] {
  const resource = (...path: string[]): Tree | undefined => look(deployment, ...CONTAINER, "resources", ...path);
  const options = lookList(deployment, ...CONTAINER, "env").find((entry) => look(entry, "name") === "NODE_OPTIONS");
  const heapMiB = Number(/--max-old-space-size=(\d+)/.exec(lookText(options, "value"))?.[1]);
  const limitMiB = Number(/^(\d+)Mi$/.exec(lookText(resource("limits", "memory")))?.[1]);
  return failing([
    [resource("requests", "cpu") !== undefined, "no CPU is requested"],
    [resource("limits", "cpu") === undefined, "CPU is limited"],
    [limitMiB > 0 && resource("requests", "memory") === `${limitMiB}Mi`, "memory requested is not the limit"],
    [heapMiB <= limitMiB * 0.8, "the heap may grow past 80 % of the memory limit"],
  ]);
}
