/**
 * The life of a program, from its environment to its exit code. A main.ts is no more than
 *
 *   await runMain({ name: "gateway", schema, start, env: process.env, argv: process.argv.slice(2) });
 *
 *   --help, --print-config    print and end with 0
 *   settings not usable       a line per problem on stderr, 78 (EX_CONFIG of sysexits.h: do not restart, correct)
 *   start fails               one fatal log line, the shutdown steps added so far, 1
 *   started                   runs until its shutdown ends it
 */

import type { z } from "zod";

import { ConfigError, describeConfig, loadConfig } from "./config.ts";
import type { ConfigSchema, Environment } from "./config.ts";
import { renderConfig, renderHelp } from "./config-text.ts";
import { createLogger } from "./logger.ts";
import type { Logger, LogLevel } from "./logger.ts";
import { createRegistry } from "./metrics.ts";
import type { Registry } from "./metrics.ts";
import { Shutdown } from "./shutdown.ts";
import type { ProcessLike } from "./shutdown.ts";
import { unknownSettings } from "./unknown-setting.ts";

/** Exit code of settings that are not usable. */
export const EXIT_CONFIG = 78;

/** The settings that runMain itself needs; `commonConfig` has them. */
export interface MainConfig {
  readonly logLevel: LogLevel;
  readonly shutdownTimeoutMs: number;
}

/** A schema that has at least these settings. */
export type MainSchema = ConfigSchema & z.ZodType<MainConfig>;

/** What a program's `start` gets. */
export interface MainContext<S extends MainSchema> {
  readonly config: Readonly<z.output<S>>;
  readonly logger: Logger;
  readonly shutdown: Shutdown;
  readonly registry: Registry;
}

/** The part of `process` that runMain needs. */
export interface MainProcess extends ProcessLike {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
  exitCode?: number | string | null | undefined;
}

export interface MainOptions<S extends MainSchema> {
  /** The program: "gateway", "courier". */
  readonly name: string;
  readonly schema: S;
  readonly env: Environment;
  /** Arguments after the script's own path. */
  readonly argv: readonly string[];
  /** Starts the program, adding a step to `shutdown` for each thing it opens. */
  readonly start: (context: MainContext<S>) => Promise<void>;
  /** @default the global `process` */
  readonly process?: MainProcess;
}

/** Runs a program; resolves once it has started, or ended before that. Never rejects on account of the program. */
export async function runMain<S extends MainSchema>(options: MainOptions<S>): Promise<void> {
  const host: MainProcess = options.process ?? process;
  const config = readConfig(options, host);
  if (config === undefined) return;
  const destination = options.process === undefined ? {} : { destination: options.process.stdout };
  const logger = createLogger({ name: options.name, level: config.logLevel, ...destination });
  const known = describeConfig(options.schema).map((row) => row.env);
  for (const line of unknownSettings(options.env, known)) logger.warn(line);
  const shutdown = new Shutdown({ logger, timeoutMs: config.shutdownTimeoutMs, process: host });
  shutdown.listen();
  try {
    await options.start({ config, logger, shutdown, registry: createRegistry() });
  } catch (err) {
    // A start that a signal interrupted fails on what the shutdown has closed under it; that is no news.
    if (shutdown.signal.aborted) return;
    logger.fatal({ err }, `${options.name} could not start: ${err instanceof Error ? err.message : String(err)}`);
    await shutdown.begin("start failed", 1);
  }
}

/** Reads the settings, or answers `--help`, `--print-config` or the problems and sets the exit code. */
function readConfig<S extends MainSchema>(options: MainOptions<S>, host: MainProcess) {
  const { name, schema, env, argv } = options;
  try {
    const strange = argv.filter((argument) => argument !== "--help" && argument !== "--print-config");
    if (strange.length > 0)
      throw new ConfigError(strange.map((argument) => `unknown argument ${argument}, see --help`));
    if (argv.includes("--help")) return finish(host.stdout, renderHelp(name, schema));
    const config = loadConfig({ schema, env });
    return argv.includes("--print-config") ? finish(host.stdout, renderConfig(schema, config, env)) : config;
  } catch (err) {
    if (!(err instanceof ConfigError)) throw err;
    host.exitCode = EXIT_CONFIG;
    return finish(host.stderr, `${name}: ${err.message}\n`);
  }
}

function finish(stream: { write(text: string): unknown }, text: string): undefined {
  stream.write(text);
  return undefined;
}
