/**
 * The board: Bull Board, a page that shows the queues and the jobs in them, on the admin port under `/queues`.
 *
 * It shows the contents of users' events, and whoever may write can remove a parcel's job, which loses events. So:
 *
 *   login       HTTP Basic (login.ts); without a password there is no board
 *   read-only   anything but GET and HEAD is refused before Bull Board sees it, unless the board was made writable
 *   origin      a request that changes something has to come from the board's own page: browsers add the login to requests
 *               that any page makes them send
 *   headers     nothing is cached, framed, or loaded from elsewhere
 *
 * A change is logged. Jobs come over the connection that the courier's queues have.
 */
import { createBullBoard } from "@bull-board/api";
import { BullMQAdapter } from "@bull-board/api/bullMQAdapter";
import { ExpressAdapter } from "@bull-board/express";
import express, { type ErrorRequestHandler, type Express, type Request, type RequestHandler } from "express";
import type { BoardQueue } from "@doorstep/mailbox";
import { DoorstepError, toDoorstepError } from "@doorstep/protocol";
import type { Logger } from "@doorstep/runtime";

import { Login } from "./login.ts";

/** Where the board lies on the admin port. */
export const BOARD_PATH = "/queues";

/** Jobs of one page; each may have a megabyte. */
const MOST_JOBS = 50;
const RETRY_AFTER_S = 1;

const HEADERS = {
  "cache-control": "no-store",
  "content-security-policy": [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "font-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'self'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; "),
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

export interface BoardOptions {
  readonly queues: readonly BoardQueue[];
  readonly password: string;
  /** Whether jobs can be removed, retried, changed. */
  readonly isWritable: boolean;
  readonly logger: Logger;
}

/** Creates the board, to be served under BOARD_PATH. */
export function createBoard({ queues, password, isWritable, logger }: BoardOptions): Express {
  const app = express();
  app.disable("x-powered-by");
  app.use((_request, response, next) => {
    response.set(HEADERS);
    next();
  });
  app.use(requireLogin(new Login(password), logger), isWritable ? allowOwnPage(logger) : allowReading, boundPages);
  app.use(BOARD_PATH, mount(queues, isWritable));
  app.use(() => {
    throw new DoorstepError("NOT_FOUND");
  });
  app.use(handleErrors(logger));
  return app;
}

function mount(queues: readonly BoardQueue[], isWritable: boolean): Express {
  const serverAdapter = new ExpressAdapter().setBasePath(BOARD_PATH);
  createBullBoard({
    // Mailbox queues have one name in BullMQ; the board knows a queue by prefix and name.
    queues: queues.map(({ name, queue, show }) => {
      const prefix = name === queue.name ? "" : `${name} `;
      const adapter = new BullMQAdapter(queue, { readOnlyMode: !isWritable, prefix });
      if (show !== undefined) adapter.setFormatter("data", show);
      return adapter;
    }),
    serverAdapter,
    // Who works on a queue would be asked by CLIENT LIST, which grows with the hub, for each queue and poll.
    options: { uiConfig: { boardTitle: "Doorstep", showWorkers: false } },
  });
  const app = serverAdapter.getRouter() as Express;
  app.disable("x-powered-by");
  return app;
}

function requireLogin(login: Login, logger: Logger): RequestHandler {
  return async (request, response, next) => {
    const outcome = await login.check(request.headers.authorization);
    if (outcome === "accepted") return next();
    if (outcome === "busy") throw new DoorstepError("RATE_LIMITED", "too many failed logins");
    if (outcome === "wrong") logger.warn({ from: request.socket.remoteAddress }, "a login to the queues failed");
    response.set("www-authenticate", 'Basic realm="Doorstep queues", charset="UTF-8"');
    throw new DoorstepError("UNAUTHORIZED");
  };
}

function isReading({ method }: Request): boolean {
  return method === "GET" || method === "HEAD";
}

const allowReading: RequestHandler = (request, _response, next) => {
  if (!isReading(request)) throw new DoorstepError("FORBIDDEN", "the queues are read-only");
  next();
};

function allowOwnPage(logger: Logger): RequestHandler {
  return (request, _response, next) => {
    if (!isReading(request)) {
      if (!isFromOwnPage(request)) throw new DoorstepError("FORBIDDEN", "the request comes from another page");
      logger.info({ method: request.method, path: request.path }, "a queue is changed by hand");
    }
    next();
  };
}

/** By what browsers add themselves. `Sec-Fetch-Site` is there with TLS or localhost only, `Origin` with every change. */
function isFromOwnPage({ headers }: Request): boolean {
  const site = headers["sec-fetch-site"];
  if (site !== undefined) return site === "same-origin";
  const { origin = "", host } = headers;
  return URL.canParse(origin) && new URL(origin).host === host;
}

const boundPages: RequestHandler = (request, _response, next) => {
  const { jobsPerPage } = request.query;
  if (jobsPerPage !== undefined && !(Number(jobsPerPage) <= MOST_JOBS)) {
    throw new DoorstepError("INVALID_REQUEST", `a page has at most ${MOST_JOBS} jobs`);
  }
  next();
};

function handleErrors(logger: Logger): ErrorRequestHandler {
  // Express knows an error handler by its four parameters.
  return (thrown: unknown, _request, response, _next) => {
    const error = fromExpress(thrown) ?? toDoorstepError(thrown);
    if (error.code === "INTERNAL") logger.error({ err: error.cause ?? error }, "a request to the queues failed");
    if (error.retryable) response.set("retry-after", String(RETRY_AFTER_S));
    response.status(error.status).json(error.toAnswer());
  };
}

/** A path that is not well-formed is the caller's. */
function fromExpress(thrown: unknown): DoorstepError | undefined {
  return thrown instanceof URIError ? new DoorstepError("INVALID_REQUEST", "the path is not well-formed") : undefined;
}
