/**
 * The admin port: what orchestrators and Prometheus ask a program.
 *
 *   GET /healthz   200 as long as the event loop turns. Never asks Redis: a restart would not bring Redis back.
 *   GET /readyz    200 or 503 with `{ ready, checks }`. A check that throws or takes longer than a probe waits: 503.
 *   GET /metrics   the registry, in Prometheus' text format
 *
 * A program may add pages of its own under other paths. Anything else is a coded error. These three have no login, hence
 * their own port, which must not be routed to the internet; a page that shows more has to ask for one itself.
 */

import { createServer } from "node:http";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";

import { DoorstepError } from "@doorstep/protocol";

import { listen } from "./listen.ts";
import type { Logger } from "./logger.ts";
import type { Registry } from "./metrics.ts";

/** Kubernetes' probes wait 1 s by default; a late answer would be lost together with what it says. */
const READY_TIMEOUT_MS = 900;

/** Whether a program can do its work now, and per part it depends on "ok" or what is wrong. */
export interface ReadyReport {
  readonly ready: boolean;
  readonly checks: Readonly<Record<string, string>>;
}

/** Pages of a program's own: `/x` answers everything at and below that path, whatever the method. */
export type AdminPages = ReadonlyMap<`/${string}`, RequestListener>;

export interface AdminServerOptions {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly registry: Registry;
  readonly ready: () => ReadyReport | Promise<ReadyReport>;
  /** @default none */
  readonly pages?: AdminPages;
  readonly logger: Logger;
}

export interface AdminServer {
  /** The port it listens on. */
  readonly port: number;
  /** Ends every connection and frees the port; may be called more than once. */
  close(): Promise<void>;
}

const NO_PAGES: AdminPages = new Map();

/** Starts the admin server. Throws an Error that says what to do if the port cannot be had. */
export async function startAdminServer(options: AdminServerOptions): Promise<AdminServer> {
  const { host, registry, logger, pages = NO_PAGES } = options;

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = (request.url ?? "/").replace(/\?.*$/, "");
    for (const [base, page] of pages) if (path === base || path.startsWith(`${base}/`)) return page(request, response);
    if (request.method !== "GET" && request.method !== "HEAD") {
      response.setHeader("allow", "GET, HEAD");
      return sendJson(response, 405, new DoorstepError("INVALID_REQUEST", "only GET and HEAD").toAnswer());
    }
    if (path === "/healthz") return sendJson(response, 200, { ok: true });
    if (path === "/readyz") {
      const report = await askReady(options);
      return sendJson(response, report.ready ? 200 : 503, report);
    }
    if (path === "/metrics") return send(response, 200, registry.contentType, await registry.metrics());
    return sendJson(response, 404, new DoorstepError("NOT_FOUND").toAnswer());
  };

  const server = createServer((request, response) => {
    answer(request, response).catch((err: unknown) => {
      logger.error({ err, path: request.url }, "admin request failed");
      sendJson(response, 500, new DoorstepError("INTERNAL").toAnswer());
    });
  });
  const port = await listen(server, { host, port: options.port, setting: "DOORSTEP_ADMIN_PORT" });

  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closed ??= new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
    return closed;
  };
  return { port, close };
}

async function askReady({ ready, logger }: AdminServerOptions): Promise<ReadyReport> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<ReadyReport>((resolve) => {
    const report = { ready: false, checks: { ready: `no answer within ${READY_TIMEOUT_MS} ms` } };
    timer = setTimeout(() => resolve(report), READY_TIMEOUT_MS);
  });
  try {
    return await Promise.race([Promise.resolve().then(ready), late]);
  } catch (err) {
    logger.warn({ err }, "readiness check failed");
    return { ready: false, checks: { ready: "the check failed; the log says why" } };
  } finally {
    clearTimeout(timer);
  }
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  send(response, status, "application/json", `${JSON.stringify(body)}\n`);
}

function send(response: ServerResponse, status: number, contentType: string, body: string): void {
  response.writeHead(status, {
    "content-type": contentType,
    "content-length": Buffer.byteLength(body),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
  });
  response.end(body);
}
