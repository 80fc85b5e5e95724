/** JSON Patch (RFC 6902) and JSON Pointer (RFC 6901), as much as a state delta needs: applied to a copy, or not at all. */
import type { JsonPatchOp } from "./event.ts";
import { isRecord, type Json } from "./json.ts";

type Container = Json[] | { [key: string]: Json };

/** Applies every operation to a copy of `document`; undefined where one does not apply, since a patch is all or nothing. */
export function applyPatch(document: Json, patch: readonly JsonPatchOp[]): Json | undefined {
  try {
    return patch.reduce<Json | undefined>(
      (root, operation) => (root === undefined ? undefined : applyOne(root, operation)),
      copy(document),
    );
  } catch {
    // An operation without its fields, no pointer, or a document nested too deep to be copied: it does not apply either.
    return undefined;
  }
}

function applyOne(root: Json, operation: JsonPatchOp): Json | undefined {
  switch (operation.op) {
    case "add":
      return put(root, operation.path, operation.value, true);
    case "replace":
      return read(root, operation.path) === undefined ? undefined : put(root, operation.path, operation.value, false);
    case "remove":
      return remove(root, operation.path);
    case "test":
      return isSame(read(root, operation.path), operation.value) ? root : undefined;
    case "copy":
    case "move": {
      const value = read(root, operation.from ?? "");
      if (value === undefined) return undefined;
      const source = operation.op === "move" ? remove(root, operation.from ?? "") : root;
      return source === undefined ? undefined : put(source, operation.path, copy(value), true);
    }
    default:
      return undefined;
  }
}

function copy(value: Json): Json {
  return JSON.parse(JSON.stringify(value)) as Json;
}

function tokensOf(pointer: string): string[] {
  if (pointer !== "" && !pointer.startsWith("/")) throw new SyntaxError("a pointer starts with a slash");
  return pointer
    .split("/")
    .slice(1)
    .map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function child(node: Json | undefined, token: string): Json | undefined {
  if (Array.isArray(node)) return node[indexOf(token, node.length)];
  return isRecord(node) && Object.hasOwn(node, token) ? node[token] : undefined;
}

function read(root: Json, pointer: string): Json | undefined {
  return tokensOf(pointer).reduce<Json | undefined>((node, token) => child(node, token), root);
}

function parentOf(root: Json, tokens: string[]): Container | undefined {
  const node = tokens.slice(0, -1).reduce<Json | undefined>((at, token) => child(at, token), root);
  return typeof node === "object" && node !== null ? node : undefined;
}

function put(root: Json, pointer: string, value: Json | undefined, insert: boolean): Json | undefined {
  if (value === undefined) return undefined;
  const tokens = tokensOf(pointer);
  const last = tokens.at(-1);
  if (last === undefined) return value;
  const parent = parentOf(root, tokens);
  if (parent === undefined) return undefined;
  if (Array.isArray(parent)) {
    const index = last === "-" ? parent.length : indexOf(last, parent.length + 1);
    if (index < 0) return undefined;
    parent.splice(index, insert ? 0 : 1, value);
  } else {
    // defineProperty: a key named __proto__ must become data, never the prototype.
    Object.defineProperty(parent, last, { value, writable: true, enumerable: true, configurable: true });
  }
  return root;
}

function remove(root: Json, pointer: string): Json | undefined {
  const tokens = tokensOf(pointer);
  const last = tokens.at(-1);
  if (last === undefined || read(root, pointer) === undefined) return undefined;
  const parent = parentOf(root, tokens);
  if (Array.isArray(parent)) parent.splice(indexOf(last, parent.length), 1);
  else if (parent !== undefined) delete parent[last];
  return root;
}

/** The index a token names, or -1: digits without a leading zero, below `length`. */
function indexOf(token: string, length: number): number {
  const index = /^(?:0|[1-9]\d*)$/.test(token) ? Number(token) : -1;
  return index < length ? index : -1;
}

function isSame(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((item, i) => isSame(item, b[i]));
  if (!isRecord(a) || !isRecord(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => isSame(a[key] as Json, b[key]));
}
