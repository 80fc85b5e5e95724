/**
 * The demo's server: the page, who one is, a token for the gateways, and the desk where questions are asked.
 *
 *   GET  /api/session     who the visitor is (a cookie is made), the gateways, the folder, example questions
 *   GET  /api/token       a token for the gateways, as text
 *   POST /api/ask         { question, away? } -> 202 { runId }
 *   GET  /api/runs/:id    how an own run is doing, for a visitor who has left the hub
 *
 * Errors have the one shape of the whole system: { code, number, message, retryable }.
 */
import { DoorstepError } from "@doorstep/protocol";
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from "express";
import type { Folder } from "./agent/folder.ts";
import { suggestQuestions } from "./agent/suggestion.ts";
import { type Desk, parseAsk } from "./desk.ts";
import { signToken, type TokenSettings } from "./token.ts";
import { visitorOf, welcomeVisitor } from "./visitor.ts";

interface ServerSettings extends TokenSettings {
  readonly gatewayUrls: readonly string[];
  readonly graceMs: number;
}

export interface ServerParts {
  readonly settings: ServerSettings;
  readonly folder: Folder;
  readonly desk: Desk;
  /** Folder of the built page. */
  readonly pageDir: string;
  readonly onError: (error: unknown) => void;
}

/** What the page is told when it begins. */
export interface SessionAnswer {
  userId: string;
  gateways: readonly string[];
  graceMs: number;
  folder: string;
  files: number;
  questions: string[];
}

/** Makes the express app. */
export function createServer({ settings, folder, desk, pageDir, onError }: ServerParts): Express {
  const app = express();
  app.disable("x-powered-by").set("query parser", "simple");
  app.use(securityHeaders(settings.gatewayUrls));

  app.get("/api/session", async (request, response) => {
    const library = await folder.load();
    const session: SessionAnswer = {
      userId: welcomeVisitor(request, response),
      gateways: settings.gatewayUrls,
      graceMs: settings.graceMs,
      folder: library.name,
      files: library.documents.length,
      questions: suggestQuestions(library),
    };
    response.json(session);
  });

  app.get("/api/token", async (request, response) => {
    response.type("text/plain").send(await signToken(settings, requireVisitor(visitorOf(request))));
  });

  app.post("/api/ask", express.json({ limit: "8kb" }), (request, response) => {
    const userId = requireVisitor(visitorOf(request));
    response.status(202).json({ runId: desk.ask(userId, parseAsk(request.body)) });
  });

  app.get("/api/runs/:runId", (request, response) => {
    const userId = requireVisitor(visitorOf(request));
    response.json(desk.report(userId, request.params.runId));
  });

  app.use("/api", () => {
    throw new DoorstepError("NOT_FOUND");
  });
  app.use(express.static(pageDir, { index: "index.html" }));
  app.use(() => {
    throw new DoorstepError("NOT_FOUND");
  });
  app.use(answerError(onError));
  return app;
}

function requireVisitor(userId: string | undefined): string {
  if (userId === undefined) throw new DoorstepError("UNAUTHORIZED", "ask /api/session first");
  return userId;
}

/** The page may load itself and speak to the gateways, nothing else. */
function securityHeaders(gatewayUrls: readonly string[]): RequestHandler {
  const gateways = gatewayUrls.flatMap((url) => [url, url.replace(/^http/, "ws")]).join(" ");
  const policy = `default-src 'self'; connect-src 'self' ${gateways}; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'`;
  return (request, response, next) => {
    response.set({
      "Content-Security-Policy": policy,
      "X-Content-Type-Options": "nosniff",
      "Referrer-Policy": "no-referrer",
    });
    if (request.path.startsWith("/api/")) response.set("Cache-Control", "no-store");
    next();
  };
}

function answerError(onError: (error: unknown) => void): ErrorRequestHandler {
  return (thrown: unknown, _request, response, next) => {
    if (response.headersSent) return next(thrown);
    const error = toAnswerable(thrown);
    if (error.code === "INTERNAL") onError(thrown);
    response.status(error.status).json(error.toAnswer());
  };
}

/** express' own errors (a body that is no JSON, too large) carry a status; the rest is ours or unexpected. */
function toAnswerable(thrown: unknown): DoorstepError {
  if (thrown instanceof DoorstepError) return thrown;
  const status = thrown instanceof Error && "status" in thrown ? thrown.status : 500;
  if (status === 413) return new DoorstepError("TOO_LARGE", "the body of the request");
  if (typeof status === "number" && status < 500) return new DoorstepError("INVALID_REQUEST", "the body is no JSON");
  return new DoorstepError("INTERNAL", undefined, { cause: thrown });
}
