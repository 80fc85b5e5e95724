import { describe, expect, it } from "@jest/globals";
import { eventually } from "@doorstep/testkit";
import { withCircuits } from "../../src/escalation/circuit.ts";
import type { Answer, Post } from "../../src/escalation/request.ts";

const OK: Answer = { kind: "answered", status: 200 };
const DOWN: Answer = { kind: "answered", status: 500 };
const OPEN = { kind: "failed", reason: "circuit open" };
/** Longer than any test. */
const LONG_MS = 600_000;

/** A remote whose answers the test gives, and that counts what reaches it. */
function createRemote(answer: Answer) {
  const remote = { answer: Promise.resolve(answer), requests: 0 };
  const post: Post = () => {
    remote.requests++;
    return remote.answer;
  };
  return { remote, post };
}

function ask(post: Post, origin = "https://a.example"): Promise<Answer> {
  return post({ url: `${origin}/hook`, headers: {}, body: Buffer.alloc(0) });
}

describe("withCircuits", () => {
  it("opens after as many failures in a row and then answers without a request", async () => {
    const { remote, post } = createRemote(DOWN);
    const opened: string[] = [];
    const circuit = withCircuits(post, { failures: 3, openMs: LONG_MS, onOpen: (origin) => opened.push(origin) });
    for (let i = 0; i < 3; i++) expect(await ask(circuit)).toEqual(DOWN);
    const answer = await ask(circuit);
    expect(answer).toMatchObject(OPEN);
    if (answer.kind !== "failed") throw new Error("the circuit is not open");
    expect(answer.afterMs).toBeGreaterThan(0);
    expect(answer.afterMs).toBeLessThanOrEqual(LONG_MS);
    expect(remote.requests).toBe(3);
    expect(opened).toEqual(["https://a.example"]);
  });

  it("counts failures in a row only, and not what is the sender's fault", async () => {
    const { remote, post } = createRemote(DOWN);
    const circuit = withCircuits(post, { failures: 2, openMs: LONG_MS });
    for (const answer of [DOWN, OK, DOWN, { kind: "answered", status: 404 } as const, DOWN, OK]) {
      remote.answer = Promise.resolve(answer);
      expect(await ask(circuit)).toEqual(answer);
    }
    expect(remote.requests).toBe(6);
  });

  it("keeps origins apart", async () => {
    const { remote, post } = createRemote(DOWN);
    const circuit = withCircuits(post, { failures: 1, openMs: LONG_MS });
    expect(await ask(circuit, "https://a.example")).toEqual(DOWN);
    expect(await ask(circuit, "https://a.example:8443")).toEqual(DOWN);
    expect(await ask(circuit, "https://b.example")).toEqual(DOWN);
    expect(await ask(circuit, "https://b.example")).toMatchObject(OPEN);
    expect(remote.requests).toBe(3);
  });

  it("half open lets one request pass, and closes when it succeeds", async () => {
    const { remote, post } = createRemote(DOWN);
    const circuit = withCircuits(post, { failures: 1, openMs: 20 });
    expect(await ask(circuit)).toEqual(DOWN);
    let answerProbe: (answer: Answer) => void = () => undefined;
    remote.answer = new Promise((resolve) => (answerProbe = resolve));
    let probing: Promise<Answer> | undefined;
    await eventually(() => {
      probing = ask(circuit);
      return remote.requests === 2;
    });
    expect(await ask(circuit)).toMatchObject(OPEN);
    expect(remote.requests).toBe(2);
    answerProbe(OK);
    expect(await probing).toEqual(OK);
    remote.answer = Promise.resolve(OK);
    expect(await Promise.all([ask(circuit), ask(circuit)])).toEqual([OK, OK]);
  });

  it("half open opens again when the one request fails", async () => {
    const { remote, post } = createRemote(DOWN);
    const opened: string[] = [];
    const circuit = withCircuits(post, { failures: 1, openMs: 20, onOpen: (origin) => opened.push(origin) });
    await eventually(async () => {
      await ask(circuit);
      return opened.length === 3;
    });
    expect(remote.requests).toBe(3);
  });

  it("P8 forgets the origins that were not used for longest", async () => {
    const { remote, post } = createRemote(DOWN);
    const circuit = withCircuits(post, { failures: 1, openMs: LONG_MS });
    await ask(circuit, "https://first.example");
    for (let i = 0; i < 999; i++) await ask(circuit, `https://${i}.example`);
    expect(await ask(circuit, "https://first.example")).toMatchObject(OPEN);
    await ask(circuit, "https://1000.example");
    expect(await ask(circuit, "https://first.example")).toMatchObject(OPEN);
    expect(await ask(circuit, "https://0.example")).toEqual(DOWN);
    expect(remote.requests).toBe(1_002);
  });
});
