/** The kustomize base as documents: no check finds a problem in the files, and each check finds what is planted in a copy. */
import { readdirSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import {
  budgetProblems,
  doorProblems,
  objectOf,
  referenceProblems,
  scalerProblems,
  serviceProblems,
  settingsOf,
} from "./support/cluster.ts";
import type { Base } from "./support/cluster.ts";
import { inRepository, look, lookList, planted, readYaml } from "./support/document.ts";
import type { Path, Tree } from "./support/document.ts";
import { probeProblems, resourceProblems, rolloutProblems, securityProblems, shutdownProblems } from "./support/pod.ts";

const FOLDER = "infra/kubernetes/base";
const files = readdirSync(inRepository(FOLDER)).filter((file) => file !== "kustomization.yaml");
const [kustomization = null] = readYaml(`${FOLDER}/kustomization.yaml`);
const base: Base = { kustomization, objects: files.flatMap((file) => readYaml(`${FOLDER}/${file}`)) };
const [exampleSecret = null] = readYaml("infra/kubernetes/secret.example.yaml");

const gateway = objectOf(base, "Deployment", "doorstep-gateway");
const courier = objectOf(base, "Deployment", "doorstep-courier");
const gatewaySettings = settingsOf(base, "doorstep-gateway");
const courierSettings = settingsOf(base, "doorstep-courier");
const pod = ["spec", "template", "spec"] as const;
const container = [...pod, "containers", 0] as const;

type Planted = readonly [path: Path, value: Tree | undefined, problem: string];

/** Runs a check over copies with one change each and expects exactly the named problem. */
function bites(document: Tree, check: (document: Tree) => string[], changes: readonly Planted[]): void {
  for (const [path, value, problem] of changes) expect(check(planted(document, path, value))).toEqual([problem]);
}

describe("pods", () => {
  it.each([
    ["gateway", gateway, gatewaySettings],
    ["courier", courier, courierSettings],
  ] as const)("of the %s are confined, probed, spread and sized", (_name, deployment, settings) => {
    expect(securityProblems(deployment)).toEqual([]);
    expect(probeProblems(deployment, settings)).toEqual([]);
    expect(rolloutProblems(deployment)).toEqual([]);
    expect(resourceProblems(deployment)).toEqual([]);
  });

  it("are refused when they may do more than they need", () => {
    bites(gateway, securityProblems, [
      [[...pod, "securityContext", "runAsNonRoot"], undefined, "runAsNonRoot is not true"],
      [[...pod, "securityContext", "runAsUser"], 1000, "runAsUser is not above 10000"],
      [[...pod, "securityContext", "runAsGroup"], 0, "runAsGroup is not above 10000"],
      [[...pod, "securityContext", "seccompProfile"], undefined, "seccompProfile is not RuntimeDefault"],
      [[...pod, "automountServiceAccountToken"], undefined, "the service account token is mounted"],
      [[...pod, "enableServiceLinks"], true, "service links reach the environment as DOORSTEP_* variables"],
      [[...container, "securityContext", "allowPrivilegeEscalation"], true, "allowPrivilegeEscalation is not false"],
      [[...container, "securityContext", "readOnlyRootFilesystem"], undefined, "readOnlyRootFilesystem is not true"],
      [[...container, "securityContext", "capabilities", "add"], ["NET_ADMIN"], "capabilities are not all dropped"],
      [[...container, "securityContext", "runAsUser"], 0, "the container overrides the pod's user or is privileged"],
      [[...pod, "containers", 1], { name: "other" }, "the pod does not have exactly one container"],
    ]);
  });

  it("are refused when liveness depends on Redis or a probe asks the public port", () => {
    bites(gateway, (document) => probeProblems(document, gatewaySettings), [
      [[...container, "livenessProbe", "httpGet", "path"], "/readyz", "liveness is not /healthz"],
      [[...container, "startupProbe", "httpGet", "path"], "/readyz", "startup is not /healthz"],
      [[...container, "readinessProbe", "httpGet", "path"], "/healthz", "readiness is not /readyz"],
      [[...container, "readinessProbe", "httpGet", "port"], "http", "readiness does not ask the admin port"],
      [[...container, "ports", 1, "containerPort"], 9999, "the port named admin is not DOORSTEP_ADMIN_PORT"],
      [
        ["spec", "template", "metadata", "annotations", "prometheus.io/port"],
        "8080",
        "Prometheus is not sent to DOORSTEP_ADMIN_PORT",
      ],
    ]);
  });

  it("are refused when a rollout may take capacity away", () => {
    const rollingUpdate = ["spec", "strategy", "rollingUpdate"] as const;
    bites(gateway, rolloutProblems, [
      [[...rollingUpdate, "maxUnavailable"], 1, "a rollout may take a pod away first"],
      [[...rollingUpdate, "maxSurge"], "100%", "maxSurge is not 25%"],
      [["spec", "minReadySeconds"], undefined, "minReadySeconds is under 10"],
      [["spec", "selector", "matchLabels", "other"], "x", "the selector does not match the pod"],
      [[...pod, "topologySpreadConstraints", 0, "topologyKey"], "rack", "pods are not spread over zones"],
      [[...pod, "topologySpreadConstraints", 1, "topologyKey"], "rack", "pods are not spread over nodes"],
      [
        [...pod, "topologySpreadConstraints", 0, "labelSelector", "matchLabels"],
        {},
        "a spread constraint counts other pods",
      ],
    ]);
  });

  it("are refused when memory does not add up", () => {
    bites(gateway, resourceProblems, [
      [[...container, "resources", "requests", "memory"], "256Mi", "memory requested is not the limit"],
      [[...container, "resources", "requests", "cpu"], undefined, "no CPU is requested"],
      [[...container, "resources", "limits", "cpu"], "1", "CPU is limited"],
      [
        [...container, "env", 0, "value"],
        "--max-old-space-size=512",
        "the heap may grow past 80 % of the memory limit",
      ],
      [[...container, "env", 0], undefined, "the heap may grow past 80 % of the memory limit"],
    ]);
  });
});

describe("shutdown of a gateway", () => {
  const check = (document: Tree): string[] => shutdownProblems(document, gatewaySettings);
  const killedEarly = "the grace period is not longer than preStop and the program's deadline";

  it("has more time than preStop, the drain and closing take", () => {
    expect(check(gateway)).toEqual([]);
  });

  it("is refused when the kill comes earlier", () => {
    bites(gateway, check, [
      [[...pod, "terminationGracePeriodSeconds"], 55, killedEarly],
      [[...container, "lifecycle", "preStop", "exec", "command", 1], "25", killedEarly],
      [[...container, "lifecycle", "preStop", "exec", "command", 1], "1", "preStop does not sleep for 5 s or more"],
    ]);
    expect(check(planted(gateway, [...container, "lifecycle"]))).toContain("preStop does not sleep for 5 s or more");
  });

  it("is refused when the program gives up before its drain is over, or a time is not set", () => {
    const problems = (changes: readonly (readonly [string, string])[]): string[] =>
      shutdownProblems(gateway, new Map([...gatewaySettings, ...changes]));
    const givesUp = "the program's deadline is not longer than drain and closing";
    expect(problems([["DOORSTEP_DRAIN_MS", "40000"]])).toEqual([givesUp]);
    expect(problems([["DOORSTEP_SHUTDOWN_TIMEOUT_MS", "30000"]])).toEqual([givesUp]);
    expect(problems([["DOORSTEP_SHUTDOWN_TIMEOUT_MS", "90000"]])).toEqual([killedEarly]);
    expect(shutdownProblems(gateway, new Map())).toEqual([givesUp, killedEarly]);
  });
});

describe("autoscaling", () => {
  const scaler = objectOf(base, "HorizontalPodAutoscaler", "doorstep-gateway");
  const behavior = ["spec", "behavior"] as const;

  it("rises at once and falls by one pod in two minutes", () => {
    expect(scalerProblems(scaler, gateway)).toEqual([]);
  });

  it("is refused when it waits, rushes down or fights with the Deployment", () => {
    bites(scaler, (document) => scalerProblems(document, gateway), [
      [["apiVersion"], "autoscaling/v1", "the autoscaler is not autoscaling/v2"],
      [["spec", "scaleTargetRef", "name"], "doorstep-courier", "it scales something else"],
      [["spec", "minReplicas"], 1, "fewer than two gateways are allowed"],
      [["spec", "maxReplicas"], 2, "there is nothing to scale"],
      [[...behavior, "scaleUp", "stabilizationWindowSeconds"], 300, "scaling up waits"],
      [[...behavior, "scaleDown", "stabilizationWindowSeconds"], 60, "scaling down is decided within 600 s"],
      [[...behavior, "scaleDown", "policies", 0, "value"], 5, "scaling down takes more than one pod in two minutes"],
      [
        [...behavior, "scaleDown", "policies", 1],
        { type: "Percent", value: 50, periodSeconds: 60 },
        "scaling down takes more than one pod in two minutes",
      ],
    ]);
    expect(scalerProblems(scaler, planted(gateway, ["spec", "replicas"], 3))).toHaveLength(1);
  });
});

describe("disruption budgets", () => {
  it.each([
    ["doorstep-gateway", gateway],
    ["doorstep-courier", courier],
  ] as const)("of %s give up one pod at a time", (name, deployment) => {
    const budget = objectOf(base, "PodDisruptionBudget", name);
    expect(budgetProblems(budget, deployment)).toEqual([]);
    bites(budget, (document) => budgetProblems(document, deployment), [
      [["spec", "maxUnavailable"], "50%", "more than one pod may be evicted at a time"],
      [["spec", "selector", "matchLabels", "app.kubernetes.io/component"], "x", "the budget counts other pods"],
    ]);
  });
});

describe("network policies", () => {
  const policy = objectOf(base, "NetworkPolicy", "doorstep-gateway");
  const check = (document: Tree): string[] => doorProblems(document, gateway, [8080], 9090);

  it("open the public port, and the admin port to monitoring alone", () => {
    expect(check(policy)).toEqual([]);
    expect(doorProblems(objectOf(base, "NetworkPolicy", "doorstep-courier"), courier, [], 9091)).toEqual([]);
  });

  it("are refused when they open more", () => {
    bites(policy, check, [
      [["spec", "podSelector", "matchLabels", "app.kubernetes.io/component"], "x", "the policy guards other pods"],
      [["spec", "policyTypes", 1], undefined, "the policy leaves a direction open"],
      [["spec", "ingress", 0, "ports", 1], { port: 9090 }, "the admin port is open to more than monitoring"],
      [["spec", "ingress", 1, "from"], undefined, "the admin port is open to more than monitoring"],
      [["spec", "ingress", 2], { ports: [{ port: 22 }] }, "a port is open that nobody needs"],
      [["spec", "ingress", 2], {}, "a rule without ports opens them all"],
      [["spec", "ingress", 0], undefined, "the public port is closed"],
      [["spec", "egress", 0], {}, "a rule without ports lets everything out"],
    ]);
  });
});

describe("the Service", () => {
  const service = objectOf(base, "Service", "doorstep-gateway");

  it("routes to the public port of gateways only", () => {
    expect(serviceProblems(service, gateway)).toEqual([]);
    bites(service, (document) => serviceProblems(document, gateway), [
      [["spec", "selector", "app.kubernetes.io/component"], "courier", "the Service selects other pods"],
      [["spec", "ports", 1], { port: 9090, targetPort: "admin" }, "the Service routes to more than the public port"],
      [["spec", "sessionAffinity"], "ClientIP", "the Service asks for session affinity"],
    ]);
  });
});

describe("the base", () => {
  it("lists every file, generates every ConfigMap it uses and keeps secrets outside", () => {
    expect(referenceProblems(base, files, exampleSecret)).toEqual([]);
  });

  it("is refused when a name leads nowhere", () => {
    const check = (document: Tree): string[] =>
      referenceProblems({ ...base, kustomization: document }, files, exampleSecret);
    bites(kustomization, check, [
      [["resources"], lookList(kustomization, "resources").slice(1), "namespace.yaml is not in the kustomization"],
      [["resources", 7], "secret.yaml", "secret.yaml does not exist"],
      [["configMapGenerator", 1, "name"], "other", "the ConfigMap doorstep-courier is not generated"],
      [["images", 0, "name"], "other", "an image has no entry in images"],
    ]);
    expect(referenceProblems(base, files, planted(exampleSecret, ["stringData", "DOORSTEP_API_KEYS"]))).toEqual([
      "the example secret lacks DOORSTEP_API_KEYS",
    ]);
    expect(referenceProblems({ ...base, objects: [...base.objects, exampleSecret] }, files, exampleSecret)).toEqual([
      "the base contains a Secret",
    ]);
  });

  it("puts everything into a namespace that refuses unconfined pods", () => {
    const labels = look(objectOf(base, "Namespace", "doorstep"), "metadata", "labels");
    expect(look(kustomization, "namespace")).toBe("doorstep");
    expect(look(labels, "pod-security.kubernetes.io/enforce")).toBe("restricted");
  });
});
