/**
 * Checks on what stands around the pods: scaling, disruption, doors, and how the parts name each other.
 *
 * Every function returns the problems it sees, in words; `Base` is the kustomize base as its files say it.
 */
import { failing, isSame, look, lookKeys, lookList, lookNumber, lookText } from "./document.ts";
import type { Tree } from "./document.ts";
import type { Settings } from "./pod.ts";

/** A kustomize base: its kustomization.yaml and the objects of the files that it lists. */
export interface Base {
  readonly kustomization: Tree;
  readonly objects: readonly Tree[];
}

/** The object of a kind and name; throws when the base has none. */
export function objectOf(base: Base, kind: string, name: string): Tree {
  const found = base.objects.find((each) => look(each, "kind") === kind && look(each, "metadata", "name") === name);
  if (found === undefined) throw new Error(`the base has no ${kind} ${name}`);
  return found;
}

/** The settings that the base generates under a name. */
export function settingsOf(base: Base, name: string): Settings {
  const generator = lookList(base.kustomization, "configMapGenerator").find((each) => look(each, "name") === name);
  const pairs = lookList(generator, "literals").map((literal) => {
    const text = lookText(literal);
    const at = text.indexOf("=");
    return [text.slice(0, at), text.slice(at + 1)] as const;
  });
  return new Map(pairs);
}

/** Finds an autoscaler that rises late, falls fast, or fights over `replicas` with its Deployment. */
export function scalerProblems(scaler: Tree, deployment: Tree): string[] {
  const behavior = (...path: (string | number)[]): Tree | undefined => look(scaler, "spec", "behavior", ...path);
  const down = lookList(behavior("scaleDown", "policies"));
  return failing([
    [look(scaler, "apiVersion") === "autoscaling/v2", "the autoscaler is not autoscaling/v2"],
    [
      look(scaler, "spec", "scaleTargetRef", "name") === look(deployment, "metadata", "name"),
      "it scales something else",
    ],
    [look(deployment, "spec", "replicas") === undefined, "the Deployment sets replicas, which every apply would reset"],
    [lookNumber(scaler, "spec", "minReplicas") >= 2, "fewer than two gateways are allowed"],
    [
      lookNumber(scaler, "spec", "maxReplicas") > lookNumber(scaler, "spec", "minReplicas"),
      "there is nothing to scale",
    ],
    [lookNumber(behavior("scaleUp", "stabilizationWindowSeconds")) <= 10, "scaling up waits"],
    [lookNumber(behavior("scaleDown", "stabilizationWindowSeconds")) >= 600, "scaling down is decided within 600 s"],
    [
      isSame(down, [{ type: "Pods", value: 1, periodSeconds: 120 }]),
      "scaling down takes more than one pod in two minutes",
    ],
  ]);
}

/** Finds a budget that does not keep all but one pod of the Deployment. */
export function budgetProblems(budget: Tree, deployment: Tree): string[] {
  const labels = look(deployment, "spec", "template", "metadata", "labels");
  return failing([
    [look(budget, "spec", "maxUnavailable") === 1, "more than one pod may be evicted at a time"],
    [isSame(look(budget, "spec", "selector", "matchLabels"), labels), "the budget counts other pods"],
  ]);
}

/** Finds a policy that opens another port than the public one, or the admin port to anyone but monitoring. */
export function doorProblems(
  policy: Tree,
  deployment: Tree,
  publicPorts: readonly number[],
  adminPort: number,
): string[] {
  const labels = look(deployment, "spec", "template", "metadata", "labels");
  const monitoring = [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "monitoring" } } }];
  const rules = lookList(policy, "spec", "ingress");
  const portsOf = (rule: Tree): number[] => lookList(rule, "ports").map((entry) => lookNumber(entry, "port"));
  const open = rules.flatMap(portsOf);
  return failing([
    [isSame(look(policy, "spec", "podSelector", "matchLabels"), labels), "the policy guards other pods"],
    [isSame(look(policy, "spec", "policyTypes"), ["Ingress", "Egress"]), "the policy leaves a direction open"],
    [rules.every((rule) => portsOf(rule).length > 0), "a rule without ports opens them all"],
    [open.every((port) => port === adminPort || publicPorts.includes(port)), "a port is open that nobody needs"],
    [publicPorts.every((port) => open.includes(port)), "the public port is closed"],
    [
      rules.every((rule) => !portsOf(rule).includes(adminPort) || isSame(look(rule, "from"), monitoring)),
      "the admin port is open to more than monitoring",
    ],
    [
      lookList(policy, "spec", "egress").every((rule) => lookList(rule, "ports").length > 0),
      "a rule without ports lets everything out",
    ],
  ]);
}

/** Finds a Service that routes to other pods, or to anything but the public port. */
export function serviceProblems(service: Tree, deployment: Tree): string[] {
  const pod = look(deployment, "spec", "template");
  const targets = lookList(service, "spec", "ports").map((port) => lookText(port, "targetPort"));
  return failing([
    [isSame(look(service, "spec", "selector"), look(pod, "metadata", "labels")), "the Service selects other pods"],
    [targets.join() === "http", "the Service routes to more than the public port"],
    [look(service, "spec", "sessionAffinity") === undefined, "the Service asks for session affinity"],
  ]);
}

/** Finds names that lead nowhere: files and images nobody lists, settings nobody generates, keys the example lacks. */
export function referenceProblems(base: Base, files: readonly string[], exampleSecret: Tree): string[] {
  const { kustomization, objects } = base;
  const listed = lookList(kustomization, "resources").map((file) => lookText(file));
  const generated = new Set(lookList(kustomization, "configMapGenerator").map((each) => lookText(each, "name")));
  const images = new Set(lookList(kustomization, "images").map((each) => look(each, "name")));
  const containers = objects.flatMap((each) => lookList(each, "spec", "template", "spec", "containers"));
  const maps = containers.flatMap((each) =>
    lookList(each, "envFrom").map((from) => lookText(from, "configMapRef", "name")),
  );
  const secrets = containers.flatMap((container) =>
    lookList(container, "env")
      .map((entry) => look(entry, "valueFrom", "secretKeyRef"))
      .filter((reference) => reference !== undefined),
  );
  const known = new Set(lookKeys(exampleSecret, "stringData"));
  return failing([
    ...files.map((file) => [listed.includes(file), `${file} is not in the kustomization`] as const),
    ...listed.map((file) => [files.includes(file), `${file} does not exist`] as const),
    ...maps.map((name) => [generated.has(name), `the ConfigMap ${name} is not generated`] as const),
    ...containers.map((each) => [images.has(look(each, "image")), "an image has no entry in images"] as const),
    ...secrets.map(
      (reference) =>
        [
          look(reference, "name") === look(exampleSecret, "metadata", "name") && known.has(lookText(reference, "key")),
          `the example secret lacks ${lookText(reference, "key")}`,
        ] as const,
    ),
    [objects.every((each) => look(each, "kind") !== "Secret"), "the base contains a Secret"],
  ]);
}
