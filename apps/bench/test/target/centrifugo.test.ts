import { afterEach, describe, expect, it } from "@jest/globals";
import { centrifugo } from "../../src/target/centrifugo.ts";

const { CENTRIFUGO, PATH } = process.env;
afterEach(() => {
  for (const [name, value] of Object.entries({ CENTRIFUGO, PATH })) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
});

describe("centrifugo", () => {
  it("is absent where neither PATH nor CENTRIFUGO leads to the program, and says so", () => {
    delete process.env["CENTRIFUGO"];
    process.env["PATH"] = "/nowhere";
    expect(centrifugo.absent?.()).toMatch(/no centrifugo on PATH/);
    process.env["CENTRIFUGO"] = "/nowhere/centrifugo";
    expect(centrifugo.absent?.()).toMatch(/no centrifugo/);
  });

  it("can run where CENTRIFUGO names a program", () => {
    process.env["CENTRIFUGO"] = process.execPath;
    expect(centrifugo.absent?.()).toBeUndefined();
  });
});
