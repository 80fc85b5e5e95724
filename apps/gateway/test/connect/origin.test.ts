import type { IncomingMessage } from "node:http";
import { describe, expect, it } from "@jest/globals";
import { createOriginCheck } from "../../src/connect/origin.ts";

const check = (allowed: readonly string[], origin: string | undefined, host = "hub.example:8080"): boolean =>
  createOriginCheck(allowed)({ headers: { host, ...(origin === undefined ? {} : { origin }) } } as IncomingMessage);

describe("the Origin check", () => {
  it.each([
    [["https://app.example"], "https://app.example", true],
    [["https://app.example/"], "https://app.example", true],
    [["https://App.Example"], "https://app.example", true],
    [["https://app.example"], "https://app.example:8443", false],
    [["https://app.example"], "http://app.example", false],
    [["https://app.example"], "https://app.example.evil", false],
    [["https://app.example"], "https://evil/https://app.example", false],
    [["https://app.example"], "null", false],
    [["https://app.example"], "", false],
    [["https://app.example"], "http://hub.example:8080", false],
    [["*"], "https://anything", true],
    [[], "http://hub.example:8080", true],
    [[], "https://hub.example:8080", true],
    [[], "http://hub.example", false],
    [[], "http://hub.example:8080@evil.example", false],
    [[], "null", false],
    [[], "", false],
  ])("with %j answers %j by %j", (allowed, origin, expected) => {
    expect(check(allowed, origin)).toBe(expected);
  });

  it("lets programs in, which send none; their token is checked as any", () => {
    expect(check([], undefined)).toBe(true);
    expect(check(["https://app.example"], undefined)).toBe(true);
  });
});
