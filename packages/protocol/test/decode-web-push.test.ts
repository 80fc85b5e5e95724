import { describe, expect, it } from "@jest/globals";
import { decodeWebPushChange } from "../src/index.ts";

const KEYS = { p256dh: `BA${"x".repeat(85)}`, auth: "x".repeat(22) };
const SUBSCRIPTION = { endpoint: "https://push.example:8443/send/a-b_c?d=1%20", keys: KEYS };
const NO_ENDPOINTS = [
  undefined,
  7,
  "",
  "https://",
  "https://push.example",
  "http://push.example/a",
  "ftp://push.example/a",
  "file:///etc/passwd",
  "//push.example/a",
  " https://push.example/a",
  "https://push.example/a b",
  "https://push.example/a\n",
  "https://push.example/\u00e9",
  "https://user@push.example/a",
  "https://user:word@push.example/a",
  "https://push.example\\@other.example/a",
  "https://[::1]/a",
  "https://push.example:123456/a",
  `https://push.example/${"x".repeat(2_028)}`,
];
const NO_OBJECTS = [undefined, null, true, 0, "text", [], [{}]];

function expectRefused(values: readonly unknown[]): void {
  for (const value of values) {
    let thrown: unknown;
    try {
      thrown = decodeWebPushChange(value);
    } catch (error) {
      thrown = error;
    }
    expect([value, thrown]).toEqual([value, expect.objectContaining({ code: "INVALID_REQUEST" })]);
  }
}

describe("decodeWebPushChange", () => {
  it("reads a subscription as a browser gives it, and nothing else of it", () => {
    const given = { ...SUBSCRIPTION, expirationTime: null, keys: { ...KEYS, later: 1 } };
    expect(decodeWebPushChange({ subscription: given, endpoint: "x" })).toEqual({ subscription: SUBSCRIPTION });
  });

  it("reads the end of a subscription", () => {
    const { endpoint } = SUBSCRIPTION;
    expect(decodeWebPushChange({ endpoint, remove: true, extra: 1 })).toEqual({ endpoint, remove: true });
  });

  it("takes an endpoint of 2,048 characters", () => {
    const endpoint = `https://push.example/${"x".repeat(2_027)}`;
    expect(decodeWebPushChange({ endpoint, remove: true })).toEqual({ endpoint, remove: true });
  });

  it("refuses what is no change", () => {
    expectRefused([...NO_OBJECTS, {}, SUBSCRIPTION, ...NO_OBJECTS.map((subscription) => ({ subscription }))]);
    expectRefused([{ endpoint: SUBSCRIPTION.endpoint }, { endpoint: SUBSCRIPTION.endpoint, remove: "true" }]);
  });

  it("refuses endpoints that are not https, have a user name, or are longer", () => {
    expectRefused(NO_ENDPOINTS.map((endpoint) => ({ subscription: { ...SUBSCRIPTION, endpoint } })));
    expectRefused(NO_ENDPOINTS.map((endpoint) => ({ endpoint, remove: true })));
  });

  it("refuses keys of another length or form", () => {
    expectRefused(NO_OBJECTS.map((keys) => ({ subscription: { ...SUBSCRIPTION, keys } })));
    // A private key, a compressed point, padding, a sign that base64url does not have, one letter more or less.
    const points = ["x".repeat(43), `A${"x".repeat(43)}`, `CA${"x".repeat(85)}`, `${KEYS.p256dh}=`];
    points.push(`${KEYS.p256dh.slice(1)}/`, `${KEYS.p256dh}x`, KEYS.p256dh.slice(0, -1), `${KEYS.p256dh}\n`);
    const secrets = ["x".repeat(21), "x".repeat(23), `${"x".repeat(21)}+`, `${KEYS.auth}==`, `${KEYS.auth}\n`];
    for (const wrong of [undefined, "", 7]) {
      expectRefused([{ subscription: { ...SUBSCRIPTION, keys: { ...KEYS, p256dh: wrong } } }]);
      expectRefused([{ subscription: { ...SUBSCRIPTION, keys: { ...KEYS, auth: wrong } } }]);
    }
    expectRefused(points.map((p256dh) => ({ subscription: { ...SUBSCRIPTION, keys: { ...KEYS, p256dh } } })));
    expectRefused(secrets.map((auth) => ({ subscription: { ...SUBSCRIPTION, keys: { ...KEYS, auth } } })));
  });
});
