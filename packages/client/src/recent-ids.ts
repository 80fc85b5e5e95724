/** Recent ids: which of the last so many events were seen here already, for what the hub may send twice. */
export class RecentIds {
  readonly #capacity: number;
  readonly #ids = new Set<string>();

  /** `capacity`: how many ids are remembered. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Remembers an id; answers whether it is news. */
  add(id: string): boolean {
    if (this.#ids.has(id)) return false;
    this.#ids.add(id);
    const [oldest] = this.#ids;
    if (this.#ids.size > this.#capacity && oldest !== undefined) this.#ids.delete(oldest);
    return true;
  }
}
