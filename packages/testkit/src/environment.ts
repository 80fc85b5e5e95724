/**
 * The environment the testkit falls back to.
 *
 * Programs read theirs in main.ts and pass it down. Tests have no main.ts, so what they call may leave `env` out and gets
 * this one; nothing else in the testkit reads it.
 */

/** An environment as `process.env` has it. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Returns the environment of the test process. */
export function testEnvironment(): Environment {
  // oxlint-disable-next-line no-restricted-properties -- the one default for tests, see above
  return process.env;
}
