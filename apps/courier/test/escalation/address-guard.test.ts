import { isIP } from "node:net";
import { describe, expect, it } from "@jest/globals";
import { assert, constantFrom, ipV4, nat, property } from "fast-check";
import {
  AddressGuard,
  type AddressGuardOptions,
  type Resolve,
  whyNotPublic,
} from "../../src/escalation/address-guard.ts";

const PUBLIC = ["8.8.8.8", "1.1.1.1", "172.15.0.1", "172.32.0.1", "100.63.0.1", "100.128.0.1", "2606:4700::1111"];
const NOT_PUBLIC = [
  ["127.0.0.1", "loopback"],
  ["127.255.255.254", "loopback"],
  ["0.0.0.0", "unspecified"],
  ["0.1.2.3", "unspecified"],
  ["10.0.0.1", "private"],
  ["172.16.0.1", "private"],
  ["172.31.255.255", "private"],
  ["192.168.1.1", "private"],
  ["100.64.0.1", "carrierGradeNat"],
  ["100.100.100.200", "carrierGradeNat"],
  ["169.254.169.254", "linkLocal"],
  ["168.63.129.16", "metadata"],
  ["192.0.0.192", "reserved"],
  ["198.18.0.1", "reserved"],
  ["203.0.113.7", "reserved"],
  ["224.0.0.1", "multicast"],
  ["255.255.255.255", "broadcast"],
  ["::", "unspecified"],
  ["::1", "loopback"],
  ["::7f00:1", "not global"],
  ["::127.0.0.1", "ipv4Mapped"],
  ["::ffff:127.0.0.1", "ipv4Mapped"],
  ["::ffff:8.8.8.8", "ipv4Mapped"],
  ["64:ff9b::7f00:1", "rfc6052"],
  ["2002:7f00:1::", "6to4"],
  ["2001:0:7f00:1::", "teredo"],
  ["fe80::1", "linkLocal"],
  ["fe80::1%eth0", "linkLocal"],
  ["fc00::1", "uniqueLocal"],
  ["fd00:ec2::254", "uniqueLocal"],
  ["ff02::1", "multicast"],
  ["4000::1", "not global"],
  ["nonsense", "not an address"],
] as const;

/** Resolves every name to these, and counts how often it was asked. */
function resolveTo(...addresses: string[]): Resolve & { asked: () => number } {
  let asked = 0;
  const resolve: Resolve = () => {
    asked++;
    return Promise.resolve(addresses.map((address) => ({ address, family: isIP(address) })));
  };
  return Object.assign(resolve, { asked: () => asked });
}

async function judge(url: string, options: AddressGuardOptions = {}): Promise<string> {
  const verdict = await new AddressGuard(options).judge(new URL(url));
  return verdict.kind === "allowed" ? "allowed" : `${verdict.kind}: ${verdict.reason}`;
}

describe("whyNotPublic", () => {
  it("lets public addresses pass, at the very edges of private networks too", () => {
    expect(PUBLIC.map(whyNotPublic)).toEqual(PUBLIC.map(() => undefined));
  });

  it.each(NOT_PUBLIC)("refuses %s: %s", (address, reason) => {
    expect(whyNotPublic(address)).toBe(reason);
  });

  it("refuses every address of a private network, and every form that hides an IPv4 address in IPv6", () => {
    const hex = (address: string): string =>
      address
        .split(".")
        .map((byte) => Number(byte).toString(16).padStart(2, "0"))
        .join("")
        .replace(/(....)(....)/, "$1:$2");
    assert(
      property(constantFrom("10.", "127.", "192.168.", "169.254."), nat(255), nat(255), nat(255), (start, ...bytes) => {
        const address = (start + bytes.join(".")).split(".").slice(0, 4).join(".");
        expect(whyNotPublic(address)).toBeDefined();
      }),
    );
    assert(
      property(ipV4(), constantFrom("::ffff:", "::", "64:ff9b::", "::ffff:0:"), (address, prefix) => {
        expect(whyNotPublic(prefix + hex(address))).toBeDefined();
      }),
    );
  });
});

describe("AddressGuard", () => {
  it("refuses a name that resolves to a private address", async () => {
    expect(await judge("https://localhost/")).toMatch(/^refused: localhost has the address .*: loopback$/);
    expect(await judge("https://localhost./")).toMatch(/^refused: .*: loopback$/);
  });

  it("refuses private addresses however they are written", async () => {
    for (const host of [
      "127.1",
      "2130706433",
      "0x7f000001",
      "017700000001",
      "127.0.0.1.",
      "[::ffff:7f00:1]",
      "[::1]",
    ]) {
      expect(await judge(`https://${host}/`)).toMatch(/^refused: /);
    }
  });

  it("lets a public name pass and gives the addresses to connect to", async () => {
    const resolve = resolveTo("8.8.8.8", "2606:4700::1111");
    expect(await new AddressGuard({ resolve }).judge(new URL("https://hooks.example/"))).toEqual({
      kind: "allowed",
      addresses: [
        { address: "8.8.8.8", family: 4 },
        { address: "2606:4700::1111", family: 6 },
      ],
    });
    expect(resolve.asked()).toBe(1);
  });

  it("refuses a name of which one address is private, in whatever place", async () => {
    for (const addresses of [
      ["8.8.8.8", "10.0.0.1"],
      ["10.0.0.1", "8.8.8.8"],
    ]) {
      expect(await judge("https://hooks.example/", { resolve: resolveTo(...addresses) })).toBe(
        "refused: hooks.example has the address 10.0.0.1: private",
      );
    }
  });

  it("refuses http, other schemes and credentials without asking DNS", async () => {
    const resolve = resolveTo("8.8.8.8");
    expect(await judge("http://hooks.example/", { resolve })).toBe("refused: http is not allowed");
    expect(await judge("ftp://hooks.example/", { resolve })).toBe("refused: ftp: is not https:");
    expect(await judge("file:///etc/passwd", { resolve })).toBe("refused: file: is not https:");
    expect(await judge("https://ada:secret@hooks.example/", { resolve })).toBe("refused: the URL has credentials");
    expect(resolve.asked()).toBe(0);
  });

  it("says unresolved, which may change, where a name has no address", async () => {
    const resolve: Resolve = () => Promise.reject(Object.assign(new Error("no"), { code: "ENOTFOUND" }));
    expect(await judge("https://hooks.example/", { resolve })).toBe(
      "unresolved: hooks.example does not resolve (ENOTFOUND)",
    );
    expect(await judge("https://hooks.example/", { resolve: resolveTo() })).toBe(
      "unresolved: hooks.example has no address",
    );
  });

  it("lets a listed host pass with any address and without TLS", async () => {
    const options = { allow: ["Hooks.Internal"], resolve: resolveTo("10.1.2.3") };
    expect(await judge("http://hooks.internal:8080/", options)).toBe("allowed");
    expect(await judge("https://HOOKS.internal./", options)).toBe("allowed");
    expect(await judge("https://other.internal/", options)).toMatch(/^refused: .*private$/);
    expect(await judge("https://evil.hooks.internal/", options)).toMatch(/^refused: .*private$/);
    expect(await judge("http://ada@hooks.internal/", options)).toBe("refused: the URL has credentials");
  });

  it("lets a listed network pass, and only hosts all of whose addresses are in it without TLS", async () => {
    const allow = ["10.1.0.0/16", "fd00::/8", "127.0.0.1"];
    expect(await judge("http://a.example/", { allow, resolve: resolveTo("10.1.2.3", "fd00::1") })).toBe("allowed");
    expect(await judge("https://a.example/", { allow, resolve: resolveTo("10.1.2.3", "8.8.8.8") })).toBe("allowed");
    expect(await judge("http://a.example/", { allow, resolve: resolveTo("10.1.2.3", "8.8.8.8") })).toMatch(/^refused/);
    expect(await judge("https://a.example/", { allow, resolve: resolveTo("10.2.0.1") })).toMatch(/private$/);
    expect(await judge("http://127.0.0.1:1/", { allow })).toBe("allowed");
    expect(await judge("http://127.0.0.2:1/", { allow })).toMatch(/^refused/);
    expect(await judge("http://[::ffff:127.0.0.1]:1/", { allow })).toMatch(/^refused/);
  });

  it("throws for an entry that is neither host, address nor network", () => {
    for (const entry of ["", "https://a.example", "a.example/x", "10.0.0.0/33", "a b", "a:80", "a@b"]) {
      expect(() => new AddressGuard({ allow: [entry] })).toThrow(RangeError);
    }
    expect(() => new AddressGuard({ allow: ["[::1]", "::1", "fd00::/8", "a.example"] })).not.toThrow();
  });
});
