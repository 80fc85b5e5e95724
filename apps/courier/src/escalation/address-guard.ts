/**
 * AddressGuard: decides where a request may go (server-side request forgery).
 *
 * The URL is judged, the host resolved once, every address it has judged, and the connection pinned to those addresses: a
 * name that answers differently the second time is not asked a second time. Public unicast addresses pass; whatever is
 * private, loopback, link-local, shared, multicast, reserved, an IPv4 address in an IPv6 one, or a cloud's metadata does
 * not, and neither does a URL with credentials or without TLS. An allow-list makes exceptions for hosts and networks.
 *
 * It judges before the request; that redirects are not followed is request.ts' part.
 */
import { lookup } from "node:dns/promises";
import ipaddr from "ipaddr.js";

import { codeOf } from "./error-code.ts";

/** An address as `dns.lookup` gives it. */
export interface Address {
  readonly address: string;
  readonly family: number;
}

/** Resolves a host name to all of its addresses; rejects where there are none. */
export type Resolve = (host: string) => Promise<readonly Address[]>;

/** allowed: connect to one of the addresses. refused: for good. unresolved: the name had no address this time. */
export type Verdict =
  | { readonly kind: "allowed"; readonly addresses: readonly Address[] }
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "unresolved"; readonly reason: string };

export interface AddressGuardOptions {
  /**
   * Hosts, addresses and networks (CIDR) that may be reached although they are not public, also without TLS. A host covers
   * every address it resolves to; a network every host with addresses in it only. @default []
   */
  readonly allow?: readonly string[];
  /** @default dns.lookup, as the system resolves names */
  readonly resolve?: Resolve;
}

type Network = ReturnType<typeof ipaddr.parseCIDR>;

/** All of public IPv6; what lies outside is not routed, or not by its own address. */
const IPV6_GLOBAL = ipaddr.parseCIDR("2000::/3");
/** Azure's metadata and DNS: the one such address that lies among the public ones. */
const METADATA = ipaddr.parseCIDR("168.63.129.16/32");

export class AddressGuard {
  readonly #hosts = new Set<string>();
  readonly #networks: Network[] = [];
  readonly #resolve: Resolve;

  /** Throws RangeError for an entry of the allow-list that is neither host, address nor network. */
  constructor({ allow = [], resolve = resolveHost }: AddressGuardOptions = {}) {
    this.#resolve = resolve;
    for (const entry of allow) {
      const network = readNetwork(entry);
      if (network !== undefined) this.#networks.push(network);
      else this.#hosts.add(readHost(entry));
    }
  }

  /** Judges a URL; asks DNS at most once. */
  async judge(url: URL): Promise<Verdict> {
    if (url.protocol !== "https:" && url.protocol !== "http:") return refuse(`${url.protocol} is not https:`);
    if (url.username !== "" || url.password !== "") return refuse("the URL has credentials");
    const host = bareHost(url);
    if (host === "") return refuse("the URL has no host");

    const isHostAllowed = this.#hosts.has(host);
    if (url.protocol === "http:" && !isHostAllowed && this.#networks.length === 0) return refuse("http is not allowed");
    let addresses: readonly Address[];
    try {
      addresses = await this.#resolve(host);
    } catch (error) {
      return { kind: "unresolved", reason: `${host} does not resolve (${codeOf(error)})` };
    }
    if (addresses.length === 0) return { kind: "unresolved", reason: `${host} has no address` };
    if (isHostAllowed) return { kind: "allowed", addresses };

    const exposed = addresses.filter(({ address }) => !this.#isInAllowed(address));
    if (url.protocol === "http:" && exposed.length > 0) return refuse("http is not allowed");
    for (const { address } of exposed) {
      const reason = whyNotPublic(address);
      if (reason !== undefined) return refuse(`${host} has the address ${address}: ${reason}`);
    }
    return { kind: "allowed", addresses };
  }

  #isInAllowed(address: string): boolean {
    if (!ipaddr.isValid(address)) return false;
    const parsed = ipaddr.parse(address);
    return this.#networks.some((network) => isIn(parsed, network));
  }
}

/** Tells why an address is not public; undefined where it is. */
export function whyNotPublic(address: string): string | undefined {
  if (!ipaddr.isValid(address)) return "not an address";
  const parsed = ipaddr.parse(address);
  const range = parsed.range();
  if (range !== "unicast") return range;
  if (isIn(parsed, METADATA)) return "metadata";
  return parsed.kind() === "ipv6" && !isIn(parsed, IPV6_GLOBAL) ? "not global" : undefined;
}

function isIn(address: ReturnType<typeof ipaddr.parse>, network: Network): boolean {
  return address.kind() === network[0].kind() && address.match(network);
}

function readNetwork(entry: string): Network | undefined {
  const text = entry.replace(/^\[(.*)\]$/, "$1");
  if (ipaddr.isValidCIDR(text)) return ipaddr.parseCIDR(text);
  if (!ipaddr.isValid(text)) return undefined;
  const address = ipaddr.parse(text);
  return [address, address.kind() === "ipv4" ? 32 : 128];
}

/** The host as a URL would have it, so that both are compared in one form. */
function readHost(entry: string): string {
  const url =
    /^[^\s/:@?#\\]+$/.test(entry) && URL.canParse(`https://${entry}`) ? new URL(`https://${entry}`) : undefined;
  if (url === undefined) throw new RangeError(`"${entry}" is neither a host, an address nor a network`);
  return bareHost(url);
}

/** Without the brackets of IPv6 and without the dot that makes a name absolute. */
function bareHost(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, "$1").replace(/\.$/, "");
}

function resolveHost(host: string): Promise<readonly Address[]> {
  return lookup(host, { all: true });
}

function refuse(reason: string): Verdict {
  return { kind: "refused", reason };
}
