/**
 * Quiet partitions: those whose due index need not be asked for a while, since nobody in it can be due before.
 *
 * A score is never earlier than the moment in which it is written. So an index that has nobody due at some time has nobody due
 * until its first score, or whoever is added after that time, has waited for the grace period. Asking all indexes in every
 * round cost Redis more than everything else a sweep does while little waits.
 *
 * It only saves questions: what another courier does in between makes nobody due earlier, and where Redis' clock steps back, or
 * a failover brings older scores, they are found a grace period later at most.
 */
export class QuietPartitions {
  readonly #graceMs: number;
  /** Until when by `performance.now()`, by partition. */
  readonly #until = new Map<number, number>();

  constructor(graceMs: number) {
    this.#graceMs = graceMs;
  }

  /** Those that have to be asked. */
  awake(partitions: readonly number[]): number[] {
    const nowMs = performance.now();
    return partitions.filter((partition) => !(Number(this.#until.get(partition)) > nowMs));
  }

  /**
   * Notes that a partition has nobody due. `firstMs` is its least score, Infinity without one; `askedMs` Redis' time before it
   * was asked, which was `askedAtMs` here.
   */
  note(partition: number, firstMs: number, askedMs: number, askedAtMs: number): void {
    this.#until.set(partition, askedAtMs + Math.min(firstMs, askedMs) + this.#graceMs - askedMs);
  }
}
