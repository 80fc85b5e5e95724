import { describe, expect, it } from "@jest/globals";
import { parseOffset } from "@doorstep/protocol";
import { deliveryIdOf } from "../../src/escalation/sink.ts";

describe("deliveryIdOf", () => {
  it("is the same for the same events of the same parcel and sink, and for nothing else", () => {
    const ids = [
      deliveryIdOf("uada.0-0.2-0", "webhook", parseOffset("2-0")),
      deliveryIdOf("uada.0-0.2-0", "webhook", parseOffset("1-0")),
      deliveryIdOf("uada.0-0.2-0", "web-push", parseOffset("2-0")),
      deliveryIdOf("ubob.0-0.2-0", "webhook", parseOffset("2-0")),
    ];
    expect(new Set(ids).size).toBe(4);
    expect(deliveryIdOf("uada.0-0.2-0", "webhook", parseOffset("2-0"))).toBe(ids[0]);
  });

  it("has no full stop, which would make a signature ambiguous, and tells no user", () => {
    expect(deliveryIdOf("uada.0-0.2-0", "webhook", parseOffset("2-0"))).toMatch(/^dlv_[A-Za-z0-9_-]{32}$/);
  });
});
