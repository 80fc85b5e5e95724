/** docs/guide/webhooks.md: its snippet is run by Node as it stands there, on requests that the sink made. */
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { createCleanUp } from "@doorstep/testkit";
import { AddressGuard } from "../../src/escalation/address-guard.ts";
import { createPost } from "../../src/escalation/request.ts";
import { parseRules, ruleFor } from "../../src/escalation/rule.ts";
import { readSecret } from "../../src/escalation/signature.ts";
import { createWebhookSink } from "../../src/escalation/webhook.ts";
import { createDelivery } from "./support/delivery.ts";
import { startEndpoint } from "./support/endpoint.ts";

const cleanUp = createCleanUp();
afterAll(() => cleanUp.run());

const GUIDE = readFileSync(join(__dirname, "../../../../docs/guide/webhooks.md"), "utf8");
const [, SNIPPET = ""] = /^```js\n([\s\S]*?)^```$/m.exec(GUIDE) ?? [];
const [RULES = "", BODY = ""] = [...GUIDE.matchAll(/^```json\n([\s\S]*?)^```$/gm)].map(([, json = ""]) => json);
/** Reads cases from stdin and tells what the snippet says to each. */
const RUNNER = `
import { readFileSync } from "node:fs";
const cases = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(cases.map(({ headers, body, secret, nowMs }) =>
  isGenuine(headers, Buffer.from(body, "base64"), secret, nowMs))));
`;

interface Case {
  headers: Record<string, unknown>;
  /** In base64. */
  body: string;
  secret: string;
  nowMs?: number;
}

function judge(...cases: Case[]): boolean[] {
  const args = ["--input-type=module", "--eval", SNIPPET + RUNNER];
  return JSON.parse(
    execFileSync(process.execPath, args, { input: JSON.stringify(cases), encoding: "utf8" }),
  ) as boolean[];
}

const [OLD, NEW, OTHER] = [0, 1, 2].map(() => `whsec_${randomBytes(32).toString("base64")}`) as [
  string,
  string,
  string,
];

describe("the webhook guide", () => {
  let genuine: Case = { headers: {}, body: "", secret: NEW };
  let sent: unknown;

  beforeAll(async () => {
    const endpoint = await startEndpoint(cleanUp);
    const keys = [NEW, OLD].flatMap((secret) => readSecret(secret) ?? []);
    const post = createPost({ guard: new AddressGuard({ allow: ["127.0.0.1"] }) });
    await createWebhookSink({ url: endpoint.url, keys, post }).deliver(createDelivery());
    const [{ headers, body } = { headers: {}, body: Buffer.alloc(0) }] = endpoint.received;
    genuine = { headers, body: body.toString("base64"), secret: NEW };
    sent = JSON.parse(body.toString());
  });

  it("has a snippet that takes what the hub sends, with the new and with the old secret", () => {
    expect(judge(genuine, { ...genuine, secret: OLD })).toEqual([true, true]);
  });

  it("has a snippet that refuses another secret, body or id, what is old, early or without a signature", () => {
    const { headers } = genuine;
    const sentAtMs = Number(headers["webhook-timestamp"]) * 1_000;
    const forged: Case[] = [
      { ...genuine, secret: OTHER },
      { ...genuine, body: Buffer.from("{}").toString("base64") },
      { ...genuine, headers: { ...headers, "webhook-id": "dlv_other" } },
      { ...genuine, nowMs: sentAtMs + 301_000 },
      { ...genuine, nowMs: sentAtMs - 301_000 },
      { ...genuine, headers: { ...headers, "webhook-timestamp": "soon" } },
      { ...genuine, headers: { ...headers, "webhook-signature": "v1," } },
      { ...genuine, headers: { ...headers, "webhook-signature": "v1" } },
      {
        ...genuine,
        headers: { ...headers, "webhook-signature": String(headers["webhook-signature"]).replaceAll("v1,", "v2,") },
      },
      { ...genuine, headers: {} },
    ];
    expect(judge(...forged)).toEqual(forged.map(() => false));
    expect(judge({ ...genuine, nowMs: sentAtMs + 299_000 })).toEqual([true]);
  });

  it("shows rules that can be read, and that do what is said", () => {
    const rules = parseRules(RULES);
    const sinksOf = (type: string): readonly string[] | undefined => ruleFor(rules, type)?.sinks;
    expect(sinksOf("agent_paused")).toEqual(["webhook", "web-push"]);
    expect(sinksOf("agent_failed")).toEqual(["webhook"]);
    expect(sinksOf("tool_completed")).toEqual([]);
    expect(sinksOf("note")).toBeUndefined();
  });

  it("shows a body with the fields that are sent", () => {
    const fieldsOf = (body: unknown): string[] => Object.keys(body as object);
    const shown = JSON.parse(BODY) as { events: object[] };
    expect(fieldsOf(shown)).toEqual(fieldsOf(sent));
    expect(fieldsOf(shown.events[0])).toEqual(fieldsOf((sent as { events: object[] }).events[0]));
  });
});
