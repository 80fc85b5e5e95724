import { randomBytes } from "node:crypto";
import { describe, expect, it } from "@jest/globals";
import { Webhook } from "standardwebhooks";
import { readSecret, signatureHeaders, type SigningKey } from "../../src/escalation/signature.ts";

const OLD = `whsec_${randomBytes(24).toString("base64")}`;
const NEW = `whsec_${randomBytes(32).toString("base64")}`;
const BODY = Buffer.from('{"text":"café \u{1F9A6}"}');

function keysOf(...secrets: string[]): SigningKey[] {
  return secrets.flatMap((secret) => readSecret(secret) ?? []);
}

describe("signatureHeaders", () => {
  it("signs what the Standard Webhooks library verifies", () => {
    const headers = signatureHeaders(keysOf(NEW), "dlv_1", Date.now(), BODY);
    expect(new Webhook(NEW).verify(BODY, { ...headers })).toEqual({ text: "café \u{1F9A6}" });
  });

  it("signs with every secret, so that receivers of the old and of the new one verify", () => {
    const headers = signatureHeaders(keysOf(NEW, OLD), "dlv_1", Date.now(), BODY);
    expect(headers["webhook-signature"].split(" ")).toHaveLength(2);
    for (const secret of [OLD, NEW]) expect(() => new Webhook(secret).verify(BODY, { ...headers })).not.toThrow();
  });

  it("does not verify with another secret, another id, another time or another body", () => {
    const headers = { ...signatureHeaders(keysOf(NEW), "dlv_1", Date.now(), BODY) };
    const seconds = Number(headers["webhook-timestamp"]);
    const hook = new Webhook(NEW);
    expect(() => new Webhook(OLD).verify(BODY, headers)).toThrow("No matching signature");
    expect(() => hook.verify(BODY, { ...headers, "webhook-id": "dlv_2" })).toThrow("No matching signature");
    expect(() => hook.verify(BODY, { ...headers, "webhook-timestamp": `${seconds - 1}` })).toThrow("No matching");
    expect(() => hook.verify(Buffer.from("{}"), headers)).toThrow("No matching signature");
  });
});

describe("readSecret", () => {
  it("reads 24 to 64 bytes of base64 after whsec_, padded or not", () => {
    for (const length of [24, 25, 26, 64]) {
      const key = randomBytes(length);
      expect(readSecret(`whsec_${key.toString("base64")}`)).toEqual(key);
      expect(readSecret(`whsec_${key.toString("base64").replace(/=+$/, "")}`)).toEqual(key);
    }
  });

  it("takes nothing else", () => {
    const text = randomBytes(32).toString("base64");
    const wrong = [
      "",
      "whsec_",
      text,
      `whsec_${text.slice(0, 28)}`,
      `whsec_${text}!`,
      `whsec_ ${text}`,
      `WHSEC_${text}`,
    ];
    expect(wrong.map(readSecret)).toEqual(wrong.map(() => undefined));
    expect(readSecret(`whsec_${randomBytes(65).toString("base64")}`)).toBeUndefined();
  });
});
