import { describe, expect, it } from "@jest/globals";
import { lossByAnswer, lossByConnectError, lossByDrain, lossByToken, lossByTransport } from "../src/loss.ts";

describe("Loss", () => {
  it.each([
    [4000, "reconnect"],
    [4100, "back-off"],
    [4300, "refresh-token"],
    [4500, "stay-away"],
    [9999, "back-off"],
  ] as const)("takes the policy from the range of number %i, known code or not", (number, policy) => {
    expect(lossByAnswer({ code: "OF_A_NEWER_HUB", number, message: "m", afterMs: 70 })).toEqual({
      error: { code: "INTERNAL", message: "m" },
      policy,
      afterMs: 70,
    });
  });

  it.each([undefined, null, "text", 7, [], {}])("reads the answer %j as something to back off from", (value) => {
    expect(lossByAnswer(value)).toMatchObject({ error: { code: "INTERNAL" }, policy: "back-off", afterMs: 0 });
  });

  it("takes a connect_error's data where the hub gave some", () => {
    const refused = Object.assign(new Error("refused"), { data: { code: "TOKEN_EXPIRED", number: 4300 } });
    expect(lossByConnectError(refused)).toMatchObject({ error: { code: "TOKEN_EXPIRED" }, policy: "refresh-token" });
    expect(lossByConnectError(new Error("websocket error"))).toEqual(lossByTransport("websocket error"));
  });

  it("names the client's own reasons", () => {
    expect(lossByTransport("cut").error).toEqual({ code: "CONNECTION_LOST", message: "cut" });
    expect(lossByToken("no session").error).toEqual({
      code: "TOKEN_FAILED",
      message: "the token function failed: no session",
    });
    expect(lossByDrain({ afterMs: 5 })).toMatchObject({ error: { code: "DRAINING" }, policy: "reconnect", afterMs: 5 });
  });
});
