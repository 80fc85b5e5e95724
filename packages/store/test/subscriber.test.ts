import { describe, expect, it } from "@jest/globals";
import * as fc from "fast-check";

import { parsePush } from "../src/subscriber.ts";

const EVENTS = '{"offset":"1-1","id":"a","data":"ä"},{"offset":"1-2"}';

describe("parsePush", () => {
  it("reads logged and ephemeral events and leaves their text as it is", () => {
    expect(parsePush(Buffer.from(`0-0 1-2 2 ${EVENTS}`))).toEqual({
      prev: "0-0",
      last: "1-2",
      count: 2,
      events: Buffer.from(EVENTS),
    });
    expect(parsePush(Buffer.from('- - 1 {"id":"a"}'))).toMatchObject({ prev: undefined, last: undefined, count: 1 });
  });

  it("P8 refuses anything else, and throws at nothing", () => {
    const bad = [
      "",
      " ",
      "   ",
      "1-1 1-2 1",
      "1-1 1-2 1 ",
      "1-1 1-2 1 [{}]",
      "1-1 1-2 1 {",
      "1-1 1-2 x {}",
      "1-1 1-2 -1 {}",
      "1-1 1-2 01 {}",
      "1-1 - 1 {}",
      "- 1-2 1 {}",
      "1 2 1 {}",
      "1-1  1-2 1 {}",
      "-1-1 1-2 1 {}",
    ];
    for (const text of bad) expect(parsePush(Buffer.from(text))).toBeUndefined();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(parsePush(Buffer.from(bytes))).toBeUndefined();
      }),
    );
  });
});
