import { beforeEach, describe, expect, it } from "@jest/globals";

import { ADMIN_USER, Login } from "../src/login.ts";

const PASSWORD = "pässword: with a colon";
let login: Login;
beforeEach(() => {
  login = new Login(PASSWORD);
});

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}
const RIGHT = basic(ADMIN_USER, PASSWORD);

describe("the login", () => {
  it("accepts the one user and password, whatever the case of the scheme", async () => {
    expect(await login.check(RIGHT)).toBe("accepted");
    expect(await login.check(RIGHT.replace("Basic", "basic"))).toBe("accepted");
  });

  it.each([
    ["another user", basic("root", PASSWORD)],
    ["a part of the password", basic(ADMIN_USER, PASSWORD.slice(0, -1))],
    ["no password", basic(ADMIN_USER, "")],
    ["another scheme", `Bearer ${PASSWORD}`],
    ["what is no base64", "Basic %%%"],
    ["nothing", ""],
  ])("refuses %s", async (_, header) => {
    expect(await login.check(header)).toBe("wrong");
  });

  it("does not count a request without a login as a failure", async () => {
    for (let time = 0; time < 20; time++) expect(await login.check(undefined)).toBe("missing");
    const startedAtMs = performance.now();
    expect(await login.check(RIGHT)).toBe("accepted");
    expect(performance.now() - startedAtMs).toBeLessThan(900);
  });

  it("makes everybody wait after five failures, and sixteen at most", async () => {
    for (let failure = 0; failure < 5; failure++) expect(await login.check(basic("root", "x"))).toBe("wrong");
    const startedAtMs = performance.now();
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => login.check(RIGHT)));
    expect(performance.now() - startedAtMs).toBeGreaterThanOrEqual(990);
    expect(outcomes.filter((outcome) => outcome === "accepted")).toHaveLength(16);
    expect(outcomes.filter((outcome) => outcome === "busy")).toHaveLength(4);
    expect(await login.check(RIGHT)).toBe("accepted");
  });
});
