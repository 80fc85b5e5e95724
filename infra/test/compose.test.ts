/** docker-compose.yml as a document: no check finds a problem in the file, and each finds what is planted in a copy. */
import { describe, expect, it } from "@jest/globals";
import { redisProblems, safetyProblems, serviceProblems } from "./support/compose.ts";
import { parseStages } from "./support/dockerfile.ts";
import { look, planted, readText, readYaml } from "./support/document.ts";
import type { Path, Tree } from "./support/document.ts";

const [compose = null] = readYaml("docker-compose.yml");
const stages = [...parseStages(readText("infra/docker/Dockerfile")).keys()];
const at = (service: string, ...path: (string | number)[]): Path => ["services", service, ...path];

describe("docker-compose.yml", () => {
  it("has a Redis, two gateways, a courier and the demo, each built from a stage that exists", () => {
    expect(serviceProblems(compose, stages)).toEqual([]);
  });

  it("is refused when a part is missing, built from nothing or started too early", () => {
    const check = (path: Path, value?: Tree): string[] => serviceProblems(planted(compose, path, value), stages);
    expect(check(at("courier"))).toContain("courier is missing");
    expect(check(at("demo", "build", "target"), "page")).toEqual(["demo is not built from demo"]);
    expect(check(at("gateway-2", "build", "dockerfile"), "Dockerfile")).toEqual(["gateway-2 has another Dockerfile"]);
    expect(check(at("courier", "depends_on", "redis", "condition"), "service_started")).toEqual([
      "courier does not wait for a healthy redis",
    ]);
    expect(check(at("gateway-1", "environment", "REDIS_URL"), "redis://other:6379")).toContain(
      "gateway-1 has another Redis",
    );
    expect(check(at("gateway-2", "ports", 0), "8082:9090")).toEqual(["gateway-2 is not published as 8082:8080"]);
    expect(serviceProblems(compose, ["gateway", "courier"])).toEqual(["demo is not built from demo"]);
  });

  it("runs a Redis that keeps what it was given", () => {
    expect(redisProblems(compose)).toEqual([]);
  });

  it("is refused when Redis may forget", () => {
    const words = JSON.stringify(look(compose, "services", "redis", "command"));
    const swapped = (from: string, to: string): string[] =>
      redisProblems(planted(compose, at("redis", "command"), JSON.parse(words.replace(from, to)) as string[]));
    expect(swapped("noeviction", "allkeys-lru")).toEqual(["--maxmemory-policy is not noeviction"]);
    expect(swapped('"yes"', '"no"')).toEqual(["--appendonly is not yes"]);
    expect(swapped('"512"', '"4096"')).toEqual(["--stream-node-max-bytes is not 512"]);
    expect(redisProblems(planted(compose, at("redis", "image"), "redis:6"))).toEqual(["redis is not version 7"]);
    expect(redisProblems(planted(compose, at("redis", "volumes")))).toEqual(["redis data is not on a volume"]);
    expect(redisProblems(planted(compose, at("redis", "healthcheck")))).toEqual(["redis has no health check"]);
  });

  it("stays on this machine, marks its secrets as development only and lets gateways drain", () => {
    expect(safetyProblems(compose)).toEqual([]);
  });

  it("is refused when it is open to the network, hides a default secret or kills a draining gateway", () => {
    expect(safetyProblems(planted(compose, at("demo", "ports", 0), "8080:3000"))).toEqual([
      "a port is open to the network",
    ]);
    expect(safetyProblems(planted(compose, at("courier", "ports"), ["127.0.0.1:9091:9091"]))).toEqual([
      "an admin port is published",
    ]);
    expect(safetyProblems(planted(compose, at("redis", "ports"), ["127.0.0.1:6379:6379"]))).toEqual([
      "redis is published",
    ]);
    expect(safetyProblems(planted(compose, at("demo", "environment", "DOORSTEP_JWT_SECRET"), "secret"))).toEqual([
      "DOORSTEP_JWT_SECRET has an unmarked default",
    ]);
    expect(safetyProblems(planted(compose, at("gateway-2", "stop_grace_period"), "10s"))).toEqual([
      "gateway-2 is killed before its deadline",
    ]);
    expect(safetyProblems(planted(compose, at("gateway-1", "environment", "DOORSTEP_DRAIN_MS"), "8000"))).toEqual([
      "gateway-1 gives up before its drain is over",
    ]);
    expect(safetyProblems(planted(compose, at("courier", "environment", "DOORSTEP_SHUTDOWN_TIMEOUT_MS")))).toEqual([
      "gateways or the courier have no deadline for their shutdown",
    ]);
  });

  it("gives the demo the secret that the gateways check tokens with", () => {
    const secretOf = (service: string): unknown => look(compose, ...at(service, "environment", "DOORSTEP_JWT_SECRET"));
    expect(secretOf("demo")).toBe(secretOf("gateway-1"));
    expect(secretOf("demo")).toBe(secretOf("gateway-2"));
  });
});
