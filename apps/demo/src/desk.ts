/**
 * The desk: takes questions and has the agent answer them, a few at a time.
 *
 * Asking answers at once with the run's id; the answer itself travels through Doorstep. Bounded per user and over all
 * users (P8): more is RATE_LIMITED. A run that fails has told its user so; here it is only counted as ended.
 */
import { randomUUID } from "node:crypto";
import type { Hub } from "@doorstep/agent";
import { DoorstepError, isRecord } from "@doorstep/protocol";
import { answerQuestion, type Question } from "./agent/answer-agent.ts";
import type { Folder } from "./agent/folder.ts";

/** What the page sends. */
export interface AskRequest {
  question: string;
  /** The visitor leaves: the agent may take its time. */
  away: boolean;
}

/** How a run is doing, for a visitor who cannot see its events. */
export interface RunReport {
  status: "running" | "ended";
  durationMs: number;
}

interface OpenRun {
  readonly userId: string;
  readonly startedAtMs: number;
  endedAtMs: number | undefined;
}

const MAX_QUESTION_LENGTH = 300;
const MAX_RUNS_PER_USER = 2;
const MAX_RUNS = 50;
/** Reports of ended runs that are kept. */
const MAX_REPORTS = 500;
const RUN_TIMEOUT_MS = 60_000;

export class Desk {
  readonly #hub: Hub;
  readonly #folder: Folder;
  readonly #onError: (error: unknown) => void;
  readonly #runs = new Map<string, OpenRun>();

  constructor(hub: Hub, folder: Folder, onError: (error: unknown) => void) {
    this.#hub = hub;
    this.#folder = folder;
    this.#onError = onError;
  }

  /** Starts a run and answers its id. Throws RATE_LIMITED. */
  ask(userId: string, { question, away }: AskRequest): string {
    const open = [...this.#runs.values()].filter((run) => run.endedAtMs === undefined);
    const own = open.filter((run) => run.userId === userId);
    if (own.length >= MAX_RUNS_PER_USER) throw new DoorstepError("RATE_LIMITED", "wait until an answer is complete");
    if (open.length >= MAX_RUNS) throw new DoorstepError("RATE_LIMITED", "too many visitors are asking");
    const runId = randomUUID();
    const run: OpenRun = { userId, startedAtMs: performance.now(), endedAtMs: undefined };
    this.#runs.set(runId, run);
    this.#forgetOldest();
    void this.#answer(userId, runId, { text: question, isThorough: away }).finally(() => {
      run.endedAtMs = performance.now();
    });
    return runId;
  }

  /** Tells how a run of this user is doing; throws NOT_FOUND for any other. */
  report(userId: string, runId: string): RunReport {
    const run = this.#runs.get(runId);
    if (run?.userId !== userId) throw new DoorstepError("NOT_FOUND", "no such run");
    const durationMs = Math.round((run.endedAtMs ?? performance.now()) - run.startedAtMs);
    return { status: run.endedAtMs === undefined ? "running" : "ended", durationMs };
  }

  async #answer(userId: string, runId: string, question: Question): Promise<void> {
    const init = {
      userId,
      threadId: "demo",
      runId,
      agentName: "librarian",
      title: question.text,
      input: { question: question.text },
      timeoutMs: RUN_TIMEOUT_MS,
    };
    try {
      await this.#hub.run(init, (run) => answerQuestion(run, this.#folder, question));
    } catch (error) {
      this.#onError(error);
    }
  }

  #forgetOldest(): void {
    for (const [runId, run] of this.#runs) {
      if (this.#runs.size <= MAX_REPORTS) return;
      if (run.endedAtMs !== undefined) this.#runs.delete(runId);
    }
  }
}

/** Reads the body of a question; throws INVALID_REQUEST. */
export function parseAsk(body: unknown): AskRequest {
  const { question, away = false } = isRecord(body) ? body : {};
  const text = typeof question === "string" ? question.trim() : "";
  if (text.length === 0 || text.length > MAX_QUESTION_LENGTH) {
    throw new DoorstepError("INVALID_REQUEST", `question is text of 1 to ${MAX_QUESTION_LENGTH} characters`);
  }
  if (typeof away !== "boolean") throw new DoorstepError("INVALID_REQUEST", "away is true or false");
  return { question: text, away };
}
