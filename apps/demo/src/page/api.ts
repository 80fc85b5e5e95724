/** The demo server's HTTP interface, as the page uses it. Failures are thrown as Errors with the server's sentence. */

export interface Session {
  userId: string;
  gateways: string[];
  /** The courier's grace time, in milliseconds. */
  graceMs: number;
  folder: string;
  files: number;
  questions: string[];
}

export interface RunReport {
  status: "running" | "ended";
  durationMs: number;
}

export async function fetchSession(): Promise<Session> {
  return (await call("/api/session")).json() as Promise<Session>;
}

export async function fetchToken(): Promise<string> {
  return (await call("/api/token")).text();
}

/** Asks the agent; answers the id of the run. */
export async function ask(question: string, away: boolean): Promise<string> {
  const response = await call("/api/ask", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ question, away }),
  });
  return ((await response.json()) as { runId: string }).runId;
}

export async function fetchReport(runId: string): Promise<RunReport> {
  return (await call(`/api/runs/${encodeURIComponent(runId)}`)).json() as Promise<RunReport>;
}

async function call(path: string, init?: RequestInit): Promise<Response> {
  const response = await fetch(path, init);
  if (response.ok) return response;
  const answer = (await response.json().catch(() => ({}))) as { message?: unknown };
  throw new Error(typeof answer.message === "string" ? answer.message : `the server answered ${response.status}`);
}
