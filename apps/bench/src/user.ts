/** Users of the benchmark have numbers, which become ids towards the targets. */

export function userIdOf(user: number): string {
  return `user-${user}`;
}
