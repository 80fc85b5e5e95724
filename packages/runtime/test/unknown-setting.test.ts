import { describe, expect, it } from "@jest/globals";

import { unknownSettings } from "../src/unknown-setting.ts";

const KNOWN = ["DOORSTEP_GRACE_MS", "DOORSTEP_ADMIN_PORT", "DOORSTEP_ADMIN_HOST", "DOORSTEP_LOG_LEVEL"];

describe("unknownSettings", () => {
  it.each([
    ["DOORSTEP_GRACE_SM", "DOORSTEP_GRACE_MS"],
    ["DOORSTEP_LOGLEVEL", "DOORSTEP_LOG_LEVEL"],
    ["DOORSTEP_ADMIN_PROT", "DOORSTEP_ADMIN_PORT"],
  ])("answers %s with the nearest name", (name, nearest) => {
    expect(unknownSettings({ [name]: "1" }, KNOWN)).toEqual([
      `${name}: there is no such setting; did you mean ${nearest}?`,
    ]);
  });

  it("guesses nothing where no name is near", () => {
    expect(unknownSettings({ DOORSTEP_COLOUR: "1" }, KNOWN)).toEqual([]);
    expect(unknownSettings({ DOORSTEP_COLOUR: "1" }, [])).toEqual([]);
  });

  it("lists several in the order of their names and never a value", () => {
    const lines = unknownSettings({ DOORSTEP_LOG_LEVEK: "hunter2", DOORSTEP_GRACE_MZ: "hunter2" }, KNOWN);
    expect(lines.map((line) => line.slice(0, 17))).toEqual(["DOORSTEP_GRACE_MZ", "DOORSTEP_LOG_LEVE"]);
    expect(lines.join()).not.toContain("hunter2");
  });

  it("leaves known names and those of others alone", () => {
    expect(unknownSettings({ DOORSTEP_GRACE_MS: "1", PATH: "/bin", DOORSTEP_GONE: undefined }, KNOWN)).toEqual([]);
  });

  it("leaves what Kubernetes adds for a Service alone, but no setting that looks like it", () => {
    const links = {
      DOORSTEP_GATEWAY_SERVICE_HOST: "10.0.0.1",
      DOORSTEP_GATEWAY_SERVICE_PORT: "80",
      DOORSTEP_GATEWAY_SERVICE_PORT_HTTP: "80",
      DOORSTEP_GATEWAY_PORT: "tcp://10.0.0.1:80",
      DOORSTEP_GATEWAY_PORT_80_TCP: "tcp://10.0.0.1:80",
      DOORSTEP_GATEWAY_PORT_80_TCP_ADDR: "10.0.0.1",
    };
    expect(unknownSettings(links, KNOWN)).toEqual([]);
    expect(unknownSettings({ DOORSTEP_ADMIN_PORTS: "80" }, KNOWN)).toHaveLength(1);
  });
});
