/**
 * One bounded POST to an address that the guard let pass.
 *
 * Bounded in time as a whole, names and TLS included; in bytes, of which no more than a cap is read; in hops, since a
 * redirect is an answer like any other; and in connections, since each request has its own and closes it. The status is
 * the answer: once it is here, a body that is too long, too slow or cut off changes nothing. It never throws.
 */
import { type ClientRequest, type IncomingMessage, request as requestHttp, type RequestOptions } from "node:http";
import { request as requestHttps } from "node:https";
import type { LookupFunction } from "node:net";

import type { Address, AddressGuard } from "./address-guard.ts";
import { codeOf } from "./error-code.ts";

/** What is posted where. */
export interface PostRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/**
 * What became of it.
 *
 *   answered  there is a status; `retryAfter` is the header as it came
 *   failed    no answer: the network, DNS, TLS, time, or an open circuit, which tells how long it stays so
 *   refused   the guard does not let it pass
 */
export type Answer =
  | { readonly kind: "answered"; readonly status: number; readonly retryAfter?: string }
  | { readonly kind: "failed"; readonly reason: string; readonly afterMs?: number }
  | { readonly kind: "refused"; readonly reason: string };

/** Posts; never rejects. */
export type Post = (request: PostRequest) => Promise<Answer>;

export interface PostOptions {
  readonly guard: AddressGuard;
  /** Longest time of a whole request, in milliseconds. @default 10_000 */
  readonly timeoutMs?: number;
  /** Bytes of an answer's body that are read before the connection is cut. @default 16_384 */
  readonly maxResponseBytes?: number;
  /** Gives up every request under way. */
  readonly signal?: AbortSignal;
}

/** Makes the function that posts. */
export function createPost({ guard, timeoutMs = 10_000, maxResponseBytes = 16_384, signal }: PostOptions): Post {
  return async ({ url: text, headers, body }) => {
    if (!URL.canParse(text)) return { kind: "refused", reason: "not a URL" };
    const url = new URL(text);
    const deadline = AbortSignal.timeout(timeoutMs);
    const ending = signal === undefined ? deadline : AbortSignal.any([deadline, signal]);
    const verdict = await unlessAborted(guard.judge(url), ending);
    const whyAborted = (): string => (deadline.aborted ? "timeout" : "shutting down");
    if (verdict === undefined) return { kind: "failed", reason: whyAborted() };
    if (verdict.kind === "refused") return verdict;
    if (verdict.kind === "unresolved") return { kind: "failed", reason: verdict.reason };
    const reasonOf = (error: unknown): string => (ending.aborted ? whyAborted() : codeOf(error));
    return send(url, verdict.addresses, { headers, body, maxResponseBytes, signal: ending, reasonOf });
  };
}

interface Sending {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly maxResponseBytes: number;
  readonly signal: AbortSignal;
  readonly reasonOf: (error: unknown) => string;
}

function send(url: URL, addresses: readonly Address[], sending: Sending): Promise<Answer> {
  const { headers, body, maxResponseBytes, signal, reasonOf } = sending;
  return new Promise((resolve) => {
    const options: RequestOptions = {
      method: "POST",
      headers: { ...headers, "content-length": body.length },
      // An agent of its own: no connection is kept, and none is taken over from another request.
      agent: false,
      lookup: pinTo(addresses),
      signal,
    };
    let request: ClientRequest;
    try {
      request = url.protocol === "https:" ? requestHttps(url, options) : requestHttp(url, options);
    } catch (error) {
      // A header that cannot be sent.
      resolve({ kind: "refused", reason: reasonOf(error) });
      return;
    }
    let answer: Answer | undefined;
    request.on("response", (response) => {
      answer = answerOf(response);
      readAtMost(response, maxResponseBytes);
    });
    request.on("error", (error) => resolve(answer ?? { kind: "failed", reason: reasonOf(error) }));
    request.on("close", () => resolve(answer ?? { kind: "failed", reason: "closed without an answer" }));
    request.end(body);
  });
}

function answerOf({ statusCode = 0, headers }: IncomingMessage): Answer {
  const retryAfter = headers["retry-after"];
  return { kind: "answered", status: statusCode, ...(retryAfter !== undefined && { retryAfter }) };
}

/** Lets a polite amount of the body in, so that the remote can finish writing, and cuts the connection beyond it. */
function readAtMost(response: IncomingMessage, maxBytes: number): void {
  let bytes = 0;
  response.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > maxBytes) response.destroy();
  });
  // Cut off by either side: the status is here, and that is what counts.
  response.on("error", () => response.destroy());
}

/** Answers connections with the addresses that were judged, whatever DNS says by now. */
function pinTo(addresses: readonly Address[]): LookupFunction {
  return (_host, { all }, callback) => {
    const [first] = addresses;
    if (all === true) callback(null, [...addresses]);
    else if (first === undefined) callback(new Error("no address"), "", 0);
    else callback(null, first.address, first.family);
  };
}

/** Waits for a promise that cannot be aborted itself; undefined once the signal has spoken. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const give = (): void => resolve(undefined);
    if (signal.aborted) give();
    signal.addEventListener("abort", give, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", give));
  });
}
