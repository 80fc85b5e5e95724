/** Tests run on sources (the `source` export condition), compiled by SWC; child processes run the built programs. */
const swc = [
  "@swc/jest",
  {
    jsc: { target: "es2023", parser: { syntax: "typescript", tsx: true } },
    module: { type: "commonjs" },
    sourceMaps: "inline",
  },
];

export default {
  roots: ["<rootDir>/apps", "<rootDir>/packages", "<rootDir>/infra", "<rootDir>/docs"],
  testMatch: ["**/test/**/*.test.ts"],
  testPathIgnorePatterns: ["/node_modules/", "/dist/"],
  testEnvironment: "node",
  testEnvironmentOptions: { customExportConditions: ["source", "node", "node-addons"] },
  moduleNameMapper: { "^(\\.{1,2}/.*)\\.js$": "$1" },
  transform: { "^.+\\.[tj]sx?$": swc },
  // jose publishes ES modules only.
  transformIgnorePatterns: ["/node_modules/(?!(jose)/)", "<rootDir>/(apps|packages)/[^/]+/dist/"],
  modulePathIgnorePatterns: ["/dist/"],
  globalSetup: "<rootDir>/packages/testkit/src/jest-setup.ts",
  testTimeout: 30_000,
  // Jest leaves a core free by default, which on two cores doubles the time.
  maxWorkers: "100%",
  // V8 reads the coverage of the whole process after every suite, which took longer than the tests.
  coverageProvider: "babel",
  collectCoverageFrom: ["packages/*/src/**/*.ts", "!packages/testkit/**", "!**/index.ts"],
  coverageDirectory: "<rootDir>/coverage",
  coverageReporters: ["text-summary", "html", "json-summary"],
  coverageThreshold: { global: { lines: 90 } },
};
