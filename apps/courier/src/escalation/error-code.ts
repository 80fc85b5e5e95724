import { isRecord } from "@doorstep/protocol";

/** Tells the code of an error of the system, of TLS or of the HTTP parser; such a code names no payload and no path. */
export function codeOf(error: unknown): string {
  return isRecord(error) && typeof error["code"] === "string" ? error["code"] : "unknown error";
}
