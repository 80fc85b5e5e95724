/** A stream that keeps what is written to it: a real destination for pino, or the stdout of a program under test. */

export interface Lines {
  write(text: string): void;
  /** All that was written. */
  text(): string;
  /** What was written, a parsed JSON object per line. */
  records(): Record<string, unknown>[];
}

/** Creates an empty one. */
export function createLines(): Lines {
  let written = "";
  return {
    write: (text) => {
      written += text;
    },
    text: () => written,
    records: () =>
      written
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}
