import { describe, expect, it } from "@jest/globals";
import * as fc from "fast-check";
import type { Json, JsonPatchOp } from "../src/index.ts";
import { applyPatch } from "../src/json-patch.ts";

const patch = (...operations: unknown[]): JsonPatchOp[] => operations as JsonPatchOp[];

describe("applyPatch", () => {
  it.each<[string, Json, JsonPatchOp[], Json | undefined]>([
    [
      "A.1 adds an object member",
      { foo: "bar" },
      patch({ op: "add", path: "/baz", value: "qux" }),
      { foo: "bar", baz: "qux" },
    ],
    [
      "A.2 adds an array element",
      { foo: ["bar", "baz"] },
      patch({ op: "add", path: "/foo/1", value: "qux" }),
      { foo: ["bar", "qux", "baz"] },
    ],
    ["A.3 removes an object member", { baz: "qux", foo: "bar" }, patch({ op: "remove", path: "/baz" }), { foo: "bar" }],
    [
      "A.4 removes an array element",
      { foo: ["bar", "qux", "baz"] },
      patch({ op: "remove", path: "/foo/1" }),
      { foo: ["bar", "baz"] },
    ],
    [
      "A.5 replaces a value",
      { baz: "qux", foo: "bar" },
      patch({ op: "replace", path: "/baz", value: "boo" }),
      { baz: "boo", foo: "bar" },
    ],
    [
      "A.6 moves a value",
      { foo: { bar: "baz", waldo: "fred" }, qux: { corge: "grault" } },
      patch({ op: "move", from: "/foo/waldo", path: "/qux/thud" }),
      { foo: { bar: "baz" }, qux: { corge: "grault", thud: "fred" } },
    ],
    [
      "A.7 moves an array element",
      { foo: ["all", "grass", "cows", "eat"] },
      patch({ op: "move", from: "/foo/1", path: "/foo/3" }),
      { foo: ["all", "cows", "eat", "grass"] },
    ],
    [
      "A.8 tests a value: success",
      { baz: "qux", foo: ["a", 2, "c"] },
      patch({ op: "test", path: "/baz", value: "qux" }, { op: "test", path: "/foo/1", value: 2 }),
      { baz: "qux", foo: ["a", 2, "c"] },
    ],
    ["A.9 tests a value: error", { baz: "qux" }, patch({ op: "test", path: "/baz", value: "bar" }), undefined],
    [
      "A.10 adds a nested member object",
      { foo: "bar" },
      patch({ op: "add", path: "/child", value: { grandchild: {} } }),
      { foo: "bar", child: { grandchild: {} } },
    ],
    [
      "A.11 ignores unrecognized elements",
      { foo: "bar" },
      patch({ op: "add", path: "/baz", value: "qux", xyz: 123 }),
      { foo: "bar", baz: "qux" },
    ],
    [
      "A.12 refuses to add to a nonexistent target",
      { foo: "bar" },
      patch({ op: "add", path: "/baz/bat", value: "qux" }),
      undefined,
    ],
    [
      "A.14 orders ~ escapes",
      { "/": 9, "~1": 10 },
      patch({ op: "test", path: "/~01", value: 10 }),
      { "/": 9, "~1": 10 },
    ],
    [
      "A.15 compares strings and numbers as different",
      { "/": 9, "~1": 10 },
      patch({ op: "test", path: "/~01", value: "10" }),
      undefined,
    ],
    [
      "A.16 adds an array value",
      { foo: ["bar"] },
      patch({ op: "add", path: "/foo/-", value: ["abc", "def"] }),
      { foo: ["bar", ["abc", "def"]] },
    ],
  ])("%s", (_, document, operations, result) => {
    expect(applyPatch(document, operations)).toEqual(result);
  });

  it.each<[string, Json, JsonPatchOp[], Json | undefined]>([
    ["replaces the whole document", { a: 1 }, patch({ op: "replace", path: "", value: [1] }), [1]],
    [
      "copies by value",
      { a: { b: 1 } },
      patch({ op: "copy", from: "/a", path: "/c" }, { op: "replace", path: "/c/b", value: 2 }),
      { a: { b: 1 }, c: { b: 2 } },
    ],
    [
      "tests objects whatever their order",
      { a: { x: 1, y: [2, { z: 3 }] } },
      patch({ op: "test", path: "/a", value: { y: [2, { z: 3 }], x: 1 } }),
      { a: { x: 1, y: [2, { z: 3 }] } },
    ],
    ["finds a difference in an array", { a: [1, 2] }, patch({ op: "test", path: "/a", value: [1, 3] }), undefined],
    [
      "finds a difference in length",
      { a: { x: 1 } },
      patch({ op: "test", path: "/a", value: { x: 1, y: 2 } }),
      undefined,
    ],
    [
      "reads null as a value",
      { a: null },
      patch({ op: "test", path: "/a", value: null }, { op: "replace", path: "/a", value: 1 }),
      { a: 1 },
    ],
    ["refuses to replace what is not there", { a: 1 }, patch({ op: "replace", path: "/b", value: 1 }), undefined],
    ["refuses to remove what is not there", { a: [1] }, patch({ op: "remove", path: "/a/1" }), undefined],
    ["refuses to remove the document", { a: 1 }, patch({ op: "remove", path: "" }), undefined],
    ["refuses to copy what is not there", {}, patch({ op: "copy", from: "/a", path: "/b" }), undefined],
    ["refuses an index beyond the end", [1], patch({ op: "add", path: "/2", value: 2 }), undefined],
    ["refuses an index with a leading zero", [1, 2], patch({ op: "add", path: "/01", value: 3 }), undefined],
    ["refuses a negative index", [1], patch({ op: "add", path: "/-1", value: 3 }), undefined],
    ["refuses to add nothing", {}, patch({ op: "add", path: "/a" }), undefined],
    ["refuses an unknown operation", {}, patch({ op: "shuffle", path: "/a" }), undefined],
    ["refuses an operation without a path", {}, patch({ op: "add", value: 1 }), undefined],
    ["refuses a path that is no pointer", { a: 1 }, patch({ op: "add", path: "a", value: 1 }), undefined],
    ["refuses to move a value into itself", { a: {} }, patch({ op: "move", from: "/a", path: "/a/b" }), undefined],
    ["refuses what is no operation", {}, patch(null), undefined],
    ["refuses to go through a text", { a: "text" }, patch({ op: "add", path: "/a/b", value: 1 }), undefined],
    ["sees no inherited members", {}, patch({ op: "test", path: "/constructor/name", value: "Object" }), undefined],
  ])("%s", (_, document, operations, result) => {
    expect(applyPatch(document, operations)).toEqual(result);
  });

  it("applies all or nothing and leaves the document as it was", () => {
    const document: Json = { a: [1, { b: 2 }] };
    const before = structuredClone(document);
    const good = patch({ op: "remove", path: "/a/1/b" }, { op: "add", path: "/a/-", value: 3 });
    expect(applyPatch(document, good)).toEqual({ a: [1, {}, 3] });
    expect(applyPatch(document, [...good, ...patch({ op: "test", path: "/a", value: 0 })])).toBeUndefined();
    expect(document).toEqual(before);
  });

  it("makes a member named __proto__ data, never a prototype", () => {
    const result = applyPatch({}, patch({ op: "add", path: "/__proto__", value: { admin: true } }));
    expect(Object.keys(result as object)).toEqual(["__proto__"]);
    expect(Object.getPrototypeOf(result)).toBe(Object.prototype);
    const through = applyPatch({}, patch({ op: "add", path: "/__proto__/admin", value: true }));
    expect(through).toBeUndefined();
    expect({}).not.toHaveProperty("admin");
  });

  it("refuses a document too deep to be copied instead of throwing", () => {
    let deep: Json = 1;
    for (let i = 0; i < 100_000; i++) deep = [deep];
    expect(applyPatch(deep, [])).toBeUndefined();
  });

  it("never throws, whatever the operations", () => {
    const operation = fc.record(
      {
        op: fc.constantFrom("add", "remove", "replace", "move", "copy", "test", "other"),
        path: fc.oneof(fc.constantFrom("", "/a", "/a/0", "/a/-", "/b/c", "a"), fc.anything()),
        from: fc.oneof(fc.constantFrom("", "/a", "/b"), fc.anything()),
        value: fc.jsonValue(),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.jsonValue(), fc.array(fc.oneof(operation, fc.anything())), (document, operations) => {
        applyPatch(document as Json, patch(...operations));
      }),
    );
  });
});
