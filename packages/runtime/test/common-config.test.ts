import { describe, expect, it } from "@jest/globals";
import { z } from "zod";

import { commonConfig, hostAddress, portNumber, redisUrl } from "../src/common-config.ts";
import { loadConfig } from "../src/config.ts";

describe("commonConfig", () => {
  it("has the defaults that both programs share and the admin port of each", () => {
    const config = loadConfig({ schema: z.object(commonConfig({ adminPort: 9091 })), env: {} });
    expect(config).toEqual({
      redisUrl: "redis://127.0.0.1:6379",
      host: "0.0.0.0",
      adminPort: 9091,
      logLevel: "info",
      shutdownTimeoutMs: 30_000,
    });
  });
});

describe("redisUrl", () => {
  it.each([
    "redis://127.0.0.1:6379",
    "redis://localhost",
    "rediss://user:p%40ss@redis.example.org:6380/2?family=6",
    "redis://[::1]:6379",
    "redis+sentinel://:secret@a:26379,b:26379/main",
    "rediss+sentinel://a:26379/main",
    "redis+cluster://a:7000,b:7001,c:7002",
    "rediss+cluster://user:secret@a",
  ])("accepts %s", (value) => {
    expect(redisUrl().safeParse(value).data).toBe(value);
  });

  it.each([
    "127.0.0.1:6379",
    "http://127.0.0.1:6379",
    "redis://",
    "redis://a:1,b:2",
    "redis+cluster://",
    "redis+cluster://a:7000,",
    "redis+other://a",
    "redis://host:port",
    "redis://ho st",
    "redis://host\n",
  ])("refuses %j", (value) => {
    expect(redisUrl().safeParse(value).success).toBe(false);
  });
});

describe("hosts and ports", () => {
  it.each(["0.0.0.0", "::", "localhost", "gateway-1.internal"])("accept %s", (value) => {
    expect(hostAddress().safeParse(value).success).toBe(true);
  });

  it.each(["http://localhost", "a b", "host/path"])("refuse %s", (value) => {
    expect(hostAddress().safeParse(value).success).toBe(false);
  });

  it("keep to the range of TCP", () => {
    expect(["0", "65535", "65536", "-1"].map((port) => portNumber().safeParse(port).success)).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });
});
