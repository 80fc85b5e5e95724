import { symlink } from "node:fs/promises";
import { join } from "node:path";

import { afterEach, describe, expect, it } from "@jest/globals";

import { createCleanUp } from "../src/clean-up.ts";
import { findRedisServer } from "../src/redis-binary.ts";
import { createFolder, writeScript } from "./support/folder.ts";

const cleanUp = createCleanUp();
afterEach(() => cleanUp.run());

const REDIS_7 = 'echo "Redis server v=7.2.4 sha=00000000:0 malloc=libc bits=64 build=0"';
const REDIS_6 = 'echo "Redis server v=6.0.16 sha=00000000:0 malloc=libc bits=64 build=0"';
const VALKEY_8 = 'echo "Valkey server v=8.0.1 sha=00000000:0 malloc=libc bits=64 build=0"';

/** Nothing was found, installed or built: one line that says what to do. */
const HINT = /^no redis-server was found[^\n]*apt install redis-server[^\n]*REDIS_SERVER_BIN[^\n]*REDIS_URL[^\n]*$/;

describe("findRedisServer", () => {
  it("takes the redis-server on PATH", async () => {
    const folder = await createFolder(cleanUp);
    const path = await writeScript(folder, "redis-server", REDIS_7);
    await expect(findRedisServer({ env: { PATH: `/nowhere:${folder}` } })).resolves.toBe(path);
  });

  it("takes valkey-server where there is no redis-server", async () => {
    const folder = await createFolder(cleanUp);
    const path = await writeScript(folder, "valkey-server", VALKEY_8);
    await expect(findRedisServer({ env: { PATH: folder } })).resolves.toBe(path);
  });

  it("passes by one that is too old, and says so", async () => {
    const [old, recent] = [await createFolder(cleanUp), await createFolder(cleanUp)];
    await writeScript(old, "redis-server", REDIS_6);
    const path = await writeScript(recent, "redis-server", REDIS_7);
    const lines: string[] = [];
    const log = (line: string): number => lines.push(line);
    await expect(findRedisServer({ env: { PATH: `${old}:${recent}` }, log })).resolves.toBe(path);
    expect(lines).toEqual([`${old}/redis-server is too old (v=6.0.16), Doorstep needs 7`]);
  });

  it("takes REDIS_SERVER_BIN before PATH, and refuses it when it will not do", async () => {
    const folder = await createFolder(cleanUp);
    await writeScript(folder, "redis-server", REDIS_7);
    const chosen = await writeScript(folder, "mine", VALKEY_8);
    await expect(findRedisServer({ env: { PATH: folder, REDIS_SERVER_BIN: chosen } })).resolves.toBe(chosen);
    const old = await writeScript(folder, "old", REDIS_6);
    const refused = findRedisServer({ env: { PATH: folder, REDIS_SERVER_BIN: old } });
    await expect(refused).rejects.toThrow(/^REDIS_SERVER_BIN: .*too old/);
    const missing = findRedisServer({ env: { PATH: folder, REDIS_SERVER_BIN: "/nowhere/redis-server" } });
    await expect(missing).rejects.toThrow(/^REDIS_SERVER_BIN: .*does not run/);
  });

  it("installs one with apt-get, starts no service, and tells what it does", async () => {
    const folder = await createFolder(cleanUp);
    await symlink("/usr/bin/env", join(folder, "env"));
    await writeScript(folder, "sudo", "shift", '[ "$1" = true ] || exec "$@"');
    const write = `printf '#!/bin/sh\\n%s\\n' '${REDIS_7}' > ${folder}/redis-server; /bin/chmod 755 ${folder}/redis-server`;
    await writeScript(
      folder,
      "apt-get",
      '[ "$RUNLEVEL" = 1 ] || exit 1',
      `case "$*" in *update) exit 1;; *"install -y"*" redis-server") ${write};; *) exit 1;; esac`,
    );
    const lines: string[] = [];
    const found = findRedisServer({ env: { PATH: folder }, log: (line) => lines.push(line) });
    await expect(found).resolves.toBe(join(folder, "redis-server"));
    expect(lines).toContain("installing redis-server with apt-get ...");
  });

  it("says in one sentence what to do where there is nothing", async () => {
    const folder = await createFolder(cleanUp);
    await expect(findRedisServer({ env: { PATH: folder } })).rejects.toThrow(HINT);
    await expect(findRedisServer({ env: {} })).rejects.toThrow(HINT);
  });

  it("asks nobody for a password and goes on when an installation fails", async () => {
    const folder = await createFolder(cleanUp);
    await symlink("/usr/bin/env", join(folder, "env"));
    await writeScript(folder, "sudo", "echo 'a password is required' >&2; exit 1");
    await writeScript(folder, "apt-get", "echo 'E: no such package' >&2; exit 100");
    const lines: string[] = [];
    const found = findRedisServer({ env: { PATH: folder }, log: (line) => lines.push(line) });
    await expect(found).rejects.toThrow(HINT);
    const isRoot = process.getuid?.() === 0;
    const reason = isRoot ? "E: no such package" : "no sudo without a password";
    expect(lines.join("\n")).toContain(reason);
  });
});
