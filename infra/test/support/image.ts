/**
 * Checks on the Dockerfile: that it can be built from this repository, and that what it builds is safe to run.
 *
 * Functions from the Dockerfile's text to problems in words. Which paths exist is passed in, so that a test can take
 * one away.
 */
import { failing } from "./document.ts";
import { copiesOf, effective, execForm, lineage, parseStages } from "./dockerfile.ts";

/** The apps that have an image of their own, named as their stages are. */
export const IMAGES = ["gateway", "courier", "demo"] as const;

/** Finds copies of what does not exist, and manifests of workspaces that the first install does not see. */
export function sourceProblems(
  text: string,
  exists: (path: string) => boolean,
  manifests: readonly string[],
): string[] {
  const stages = parseStages(text);
  const copies = [...stages.values()].flatMap((stage) => copiesOf(stage));
  const first = stages.get("manifests");
  const installed = first === undefined ? [] : copiesOf(first).flatMap((copy) => copy.sources);
  return failing([
    ...copies.map(
      ({ from, sources }) => [from === undefined || stages.has(from), `no stage for ${sources.join(" ")}`] as const,
    ),
    ...copies
      .filter((copy) => copy.from === undefined)
      .flatMap((copy) => copy.sources)
      .map((source) => [exists(source), `${source} does not exist`] as const),
    ...manifests.map(
      (manifest) => [installed.includes(manifest), `${manifest} is missing in stage manifests`] as const,
    ),
  ]);
}

/** Finds an image that runs as root, through a shell, as development, from uncompiled code, or with the build's tools. */
export function imageProblems(text: string, app: string, exists: (path: string) => boolean): string[] {
  const stages = parseStages(text);
  const [user] = (effective(stages, app, "USER") ?? "").split(":");
  const health = effective(stages, app, "HEALTHCHECK")?.replace(/^.*?\bCMD\s+/, "");
  const command = execForm(effective(stages, app, "CMD"));
  const base = lineage(stages, app);
  const environment = base.flatMap((stage) =>
    stage.instructions.filter((each) => each.keyword === "ENV").map((each) => each.text),
  );
  const copied = stages.has(app) ? base.flatMap((stage) => copiesOf(stage)) : [];
  const from = (stage: string, source: string): boolean =>
    copied.some((copy) => copy.from === stage && copy.sources.includes(source));
  const removed = base.some((stage) =>
    stage.instructions.some((each) => /^rm -rf .*node_modules .*bin\/npm\b/.test(each.text)),
  );
  return failing([
    [base.length > 1, `${app} is not a stage`],
    [/^\d+$/.test(user ?? "") && Number(user) > 10_000, `${app} does not run as a numeric user above 10000`],
    [environment.some((each) => /\bNODE_ENV=production\b/.test(each)), `${app} does not run as production`],
    [execForm(health)?.[0] === "node", `${app} has no health check by node in exec form`],
    [
      command?.[0] === "node" &&
        command.at(-1) === `apps/${app}/dist/main.js` &&
        command.slice(1, -1).every((flag) => flag.startsWith("--")),
      `${app} does not start node apps/${app}/dist/main.js in exec form`,
    ],
    [effective(stages, app, "ENTRYPOINT") === undefined, `${app} has an entry point before its command`],
    [exists(`apps/${app}/package.json`), `apps/${app} is no workspace`],
    [from("build", `/app/apps/${app}`) && from("build", "/app/packages"), `${app} lacks its compiled code`],
    [from(`${app}-modules`, "/app/node_modules"), `${app} does not take its own pruned modules`],
    [!from("build", "/app/node_modules"), `${app} carries dev dependencies`],
    [/--omit=dev\b/.test(effective(stages, `${app}-modules`, "RUN") ?? ""), `${app}-modules keeps dev dependencies`],
    [removed, `${app} carries npm`],
  ]);
}
