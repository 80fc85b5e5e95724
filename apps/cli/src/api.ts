/** The HTTP API of a hub (PROTOCOL section 7), as commands call it. */
import { decodeErrorAnswer, isRecord } from "@doorstep/protocol";
import { CliError, EXIT, type Surroundings, usageError } from "./command.ts";
import { printable } from "./table.ts";

const DEFAULT_URL = "http://127.0.0.1:8080";
/** How long an answer may take. */
const TIMEOUT_MS = 60_000;

export type Answer = Readonly<Record<string, unknown>>;

/** Calls the API: the JSON object that it answers, or CliError with what it says. */
export type Api = (method: "GET" | "POST" | "DELETE", path: string, body?: object) => Promise<Answer>;

/** Where the API is and with which key; what is absent comes from the environment. */
export interface ApiOptions {
  readonly url?: string | undefined;
  readonly key?: string | undefined;
}

/** Opens the API; throws CliError where the URL is not usable or no key is given. */
export function openApi(options: ApiOptions, { env }: Pick<Surroundings, "env">): Api {
  const base = options.url ?? (env["DOORSTEP_URL"] || DEFAULT_URL);
  const key = options.key ?? env["DOORSTEP_API_KEY"] ?? "";
  if (!isUsable(base)) throw usageError("the URL of a gateway is http:// or https://, without credentials");
  if (key === "") throw usageError("an API key is needed: DOORSTEP_API_KEY");
  return async (method, path, body) => {
    const url = new URL(path, base);
    const response = await send(url, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      // A key goes where it was meant to go.
      redirect: "error",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const answer = await readAnswer(response);
    if (response.ok && isRecord(answer)) return answer;
    if (!isRecord(answer) || typeof answer["code"] !== "string") {
      throw new CliError(`${url.origin} does not answer like a gateway (${response.status})`, EXIT.refused);
    }
    const { message, retryable } = decodeErrorAnswer(answer);
    throw new CliError(printable(`${answer["code"]}: ${message}`), retryable ? EXIT.tryAgain : EXIT.refused);
  };
}

/** Credentials in it would be printed with every error, and fetch refuses them. */
function isUsable(url: string): boolean {
  return /^https?:\/\//.test(url) && URL.canParse(url) && new URL(url).username + new URL(url).password === "";
}

async function send(url: URL, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (error) {
    const { cause } = error instanceof Error ? error : {};
    const reason = cause instanceof Error ? cause.message || cause.name : String(error);
    throw new CliError(`no answer from ${url.origin}: ${reason}`, EXIT.tryAgain, { cause: error });
  }
}

async function readAnswer(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    return undefined;
  }
}
