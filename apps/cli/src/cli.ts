/**
 * The command line: finds the command, prints help, and turns whatever went wrong into one line and an exit code.
 *
 * A command is a folder of its own with a `command.ts`; it is listed here and nowhere else.
 */
import { CliError, type Command, EXIT, type ExitCode, type Surroundings, usageError } from "./command.ts";
import { deadLetters } from "./dead-letters/command.ts";

const COMMANDS: Readonly<Record<string, Command>> = { "dead-letters": deadLetters };

const HELP = `Operates a Doorstep hub through the HTTP API of its gateways.

Usage: doorstep <command> [options]

Commands:
${Object.entries(COMMANDS)
  .map(([name, { summary }]) => `  ${name.padEnd(14)} ${summary}`)
  .join("\n")}

Options of every command:
  --url URL      a gateway; default DOORSTEP_URL, else http://127.0.0.1:8080
  --key KEY      an API key; better given as DOORSTEP_API_KEY, which other users of the machine do not see
  --json         print what the API answered, as JSON
  --help         print help, also of one command

Exit codes: 0 done, 1 refused, 2 wrong usage, 3 not possible now, try again`;

/** Runs a command line and tells the exit code. Never rejects. */
export async function runCli(argv: readonly string[], surroundings: Surroundings): Promise<ExitCode> {
  try {
    await dispatch(argv, surroundings);
    return EXIT.done;
  } catch (error) {
    const exitCode = error instanceof CliError ? error.exitCode : EXIT.refused;
    surroundings.warn(`doorstep: ${error instanceof Error ? error.message : String(error)}`);
    if (exitCode === EXIT.usage) surroundings.warn("doorstep --help tells how");
    return exitCode;
  }
}

async function dispatch([name, ...rest]: readonly string[], surroundings: Surroundings): Promise<void> {
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    surroundings.print(HELP);
    if (name === undefined) throw usageError("a command is needed");
    return;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) throw usageError(`there is no command ${name}`);
  if (rest.includes("--help") || rest.includes("-h")) surroundings.print(command.help);
  else await command.run(rest, surroundings);
}
