/**
 * The layers (ARCHITECTURE.md, "invariants written as absences"). Each rule names what may not be imported from where;
 * `npm run check:layers` fails on the first import that crosses a line, and infra/test/layer.test.ts plants some to see
 * that it does.
 */
const pkg = (name) => `^packages/${name}/src`;
const own = (names) => `^packages/(?!(${names})/)[^/]+/`;

/** Which packages of ours a package may import, besides itself. */
const LAYERS = {
  protocol: [],
  runtime: ["protocol"],
  store: ["protocol"],
  mailbox: ["protocol", "store"],
  client: ["protocol"],
  agent: ["protocol", "store"],
  testkit: [],
};

/** What the benchmark measures beside us: plain Socket.IO and others, with their own clients of Redis. */
const RIVALS = "^apps/bench/src/(target|publisher)/";

const layers = Object.entries(LAYERS).map(([name, below]) => ({
  name: `layer-${name}`,
  severity: "error",
  from: { path: pkg(name) },
  to: { path: own([name, ...below].join("|")) },
}));

module.exports = {
  forbidden: [
    { name: "no-cycle", severity: "error", from: {}, to: { circular: true } },
    ...layers,
    { name: "packages-below-apps", severity: "error", from: { path: "^packages/" }, to: { path: "^apps/" } },
    {
      name: "apps-apart",
      severity: "error",
      from: { path: "^apps/([^/]+)/" },
      to: { path: "^apps/", pathNot: "^apps/$1/" },
    },
    {
      name: "no-deep-import",
      severity: "error",
      from: { path: "^(apps|packages)/([^/]+)/" },
      to: { path: "^packages/[^/]+/src/", pathNot: ["^packages/[^/]+/src/index\\.ts$", "^$1/$2/"] },
    },
    {
      name: "redis-in-store-only",
      severity: "error",
      from: { path: "^(apps|packages)/[^/]+/src/", pathNot: [pkg("store"), pkg("testkit"), RIVALS] },
      // Types may be named anywhere: a hub is created from an ioredis client.
      to: { path: "node_modules/ioredis/", dependencyTypesNot: ["type-only"] },
    },
    {
      name: "bullmq-in-mailbox-only",
      severity: "error",
      from: { path: "^(apps|packages)/[^/]+/src/", pathNot: pkg("mailbox") },
      to: { path: "node_modules/bullmq/" },
    },
    {
      // It reaches into BullMQ's queues: one file mounts it, and gets the queues from mailbox.
      name: "bull-board-in-its-mount-only",
      severity: "error",
      from: { path: "^(apps|packages)/[^/]+/src/", pathNot: "^apps/courier/src/board\\.ts$" },
      to: { path: "node_modules/@bull-board/" },
    },
    {
      name: "socket-server-in-gateway-only",
      severity: "error",
      from: { path: "^(apps|packages)/[^/]+/src/", pathNot: ["^apps/gateway/", RIVALS] },
      to: { path: "node_modules/socket\\.io/" },
    },
    {
      name: "browser-code-without-node",
      severity: "error",
      from: { path: "^(packages/(protocol|client)/src|apps/demo/src/page)/" },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "no-unresolved",
      severity: "error",
      from: { pathNot: "^apps/demo/src/page/" },
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    // The SWC parser reads no TSX; the components of the page are leaves.
    exclude: { path: "(/dist/|/coverage/|\\.tsx$)" },
    parser: "swc",
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["source", "import", "default"],
      extensions: [".ts", ".tsx", ".js", ".mjs", ".json"],
    },
  },
};
