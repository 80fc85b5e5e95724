/** What commands have in common: where they write, how they fail, and the exit codes that say so. */

/** done; refused: by the hub, for good; usage: the command line is wrong; tryAgain: the hub cannot do it now. */
export const EXIT = { done: 0, refused: 1, usage: 2, tryAgain: 3 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** What a command sees of the process. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Writes a line of what was asked for. */
  readonly print: (line: string) => void;
  /** Writes a line about how it went. */
  readonly warn: (line: string) => void;
}

export interface Command {
  /** One line for the list of commands. */
  readonly summary: string;
  readonly help: string;
  /** Runs it with the arguments after its name; throws CliError. */
  run(argv: readonly string[], surroundings: Surroundings): Promise<void>;
}

/** Why a command ended without doing what it was told. */
export class CliError extends Error {
  readonly exitCode: ExitCode;

  constructor(message: string, exitCode: ExitCode, options?: ErrorOptions) {
    super(message, options);
    this.name = "CliError";
    this.exitCode = exitCode;
  }
}

/** Makes the error of a wrong command line. */
export function usageError(message: string, options?: ErrorOptions): CliError {
  return new CliError(message, EXIT.usage, options);
}
