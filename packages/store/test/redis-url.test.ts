import { describe, expect, it } from "@jest/globals";

import { DoorstepError } from "@doorstep/protocol";

import { parseRedisUrl } from "../src/redis-url.ts";

const LOCAL = { host: "127.0.0.1", port: 6379 };

function refusal(url: string): DoorstepError {
  try {
    parseRedisUrl(url);
  } catch (error) {
    if (error instanceof DoorstepError) return error;
    throw error;
  }
  throw new Error(`${url} was taken`);
}

describe("parseRedisUrl", () => {
  it.each([
    ["redis://127.0.0.1", { kind: "standalone", nodes: [LOCAL], tls: false, db: 0 }],
    ["redis://127.0.0.1:7000/3", { kind: "standalone", nodes: [{ ...LOCAL, port: 7000 }], tls: false, db: 3 }],
    ["redis://127.0.0.1/", { kind: "standalone", nodes: [LOCAL], tls: false, db: 0 }],
    ["rediss://cache.example.com:6380", { nodes: [{ host: "cache.example.com", port: 6380 }], tls: true }],
    ["redis://[::1]:6390", { nodes: [{ host: "::1", port: 6390 }] }],
    ["redis://my_redis-1", { nodes: [{ host: "my_redis-1", port: 6379 }] }],
    ["redis://ada:s%40cret@127.0.0.1", { username: "ada", password: "s@cret" }],
    ["redis://:secret@127.0.0.1", { password: "secret" }],
    ["redis://ada@127.0.0.1", { username: "ada" }],
    ["redis://:a:b@127.0.0.1", { password: "a:b" }],
    [
      "redis+sentinel://a:1,b/main",
      {
        kind: "sentinel",
        nodes: [
          { host: "a", port: 1 },
          { host: "b", port: 26379 },
        ],
        master: "main",
      },
    ],
    [
      "rediss+cluster://u:p@a:1,b",
      {
        kind: "cluster",
        tls: true,
        password: "p",
        nodes: [
          { host: "a", port: 1 },
          { host: "b", port: 6379 },
        ],
      },
    ],
    ["redis+cluster://a/0", { kind: "cluster" }],
  ])("reads %s", (url, expected) => {
    expect(parseRedisUrl(url)).toMatchObject(expected);
  });

  it("leaves out what the URL does not say", () => {
    expect(Object.keys(parseRedisUrl("redis://127.0.0.1"))).toEqual(["kind", "nodes", "tls", "db"]);
    expect(Object.keys(parseRedisUrl("redis+cluster://127.0.0.1"))).toEqual(["kind", "nodes", "tls"]);
  });

  it.each([
    "",
    "127.0.0.1:6379",
    "http://127.0.0.1",
    "redis:/127.0.0.1",
    "redis://",
    "redis://127.0.0.1:0",
    "redis://127.0.0.1:65536",
    "redis://127.0.0.1:port",
    "redis://127.0.0.1/main",
    "redis://127.0.0.1/-1",
    "redis://127.0.0.1/1e3",
    "redis://127.0.0.1/1/2",
    "redis://127.0.0.1?db=1",
    "redis://::1",
    "redis://a b",
    "redis://a,b",
    "redis+sentinel://a:1,b:2",
    "redis+sentinel://a:1,/main",
    "redis+cluster://a/1",
    "redis+ring://a",
    "redis://:100%@127.0.0.1",
    "redis+sentinel://a/%",
  ])("refuses %p", (url) => {
    expect(refusal(url)).toMatchObject({ code: "INVALID_REQUEST", detail: expect.stringContaining("REDIS_URL: ") });
  });

  it.each([
    "redis://ada:hunter2@host:port",
    "redis://ada:p@hunter2@host",
    "redis://ada:p@hunter2:x@host",
    "redis://:hunter2/x@host",
    "redis://:hunter2%@host",
    "redis://:x/hunter2#@host",
    "redis+sentinel://:hunter2@a",
    "redis://:hunter2@a,b",
    "redis+cluster://:hunter2@a/7",
    "hunter2",
  ])("does not repeat the password of %s", (url) => {
    const { message, detail, stack } = refusal(url);
    expect(`${message} ${detail} ${stack}`).not.toContain("hunter2");
  });
});
