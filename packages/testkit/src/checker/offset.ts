/**
 * Offsets as the checker sees them: text `<ms>-<n>`, compared as numbers without leaving text, and ranges of them.
 *
 * The checker shares no code with what it checks, so that a mistake in the hub's own order cannot hide itself.
 */

/** Place of an event in its user's log, `<ms>-<n>` without leading zeros. */
export type Offset = string;

/** The offset before every event. */
export const ZERO_OFFSET: Offset = "0-0";

/** Tells the order of two offsets: negative, zero or positive, as sort functions want it. */
export function compareOffsets(a: Offset, b: Offset): number {
  const digits = a.indexOf("-");
  const otherDigits = b.indexOf("-");
  if (digits !== otherDigits) return digits - otherDigits;
  // With equally long times, text of equal length sorts as its numbers do.
  if (a.length === b.length) return compareText(a, b);
  return compareText(a.slice(0, digits), b.slice(0, digits)) || a.length - b.length;
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Whether `a` stands after `b`. */
export function isAfter(a: Offset, b: Offset): boolean {
  return compareOffsets(a, b) > 0;
}

/** The later of two offsets. */
export function laterOffset(a: Offset, b: Offset): Offset {
  return isAfter(b, a) ? b : a;
}

/** A set of ranges, each from after `from` up to and including `to`; asking takes logarithmic time. */
export class OffsetRanges {
  #ranges: { readonly from: Offset; to: Offset }[] = [];
  #isMerged = true;

  /** Adds what lies after `from` up to and including `to`; nothing where `to` is not after `from`. */
  add(from: Offset, to: Offset): void {
    if (!isAfter(to, from)) return;
    this.#ranges.push({ from, to });
    this.#isMerged = false;
  }

  /** Whether the offset lies in one of the ranges. */
  has(offset: Offset): boolean {
    if (!this.#isMerged) this.#merge();
    let low = 0;
    let high = this.#ranges.length;
    // The first range that does not begin before the offset; the one in front of it is the only candidate.
    while (low < high) {
      const middle = (low + high) >>> 1;
      const range = this.#ranges[middle];
      if (range !== undefined && isAfter(offset, range.from)) low = middle + 1;
      else high = middle;
    }
    const candidate = this.#ranges[low - 1];
    return candidate !== undefined && !isAfter(offset, candidate.to);
  }

  #merge(): void {
    const merged: { readonly from: Offset; to: Offset }[] = [];
    for (const { from, to } of this.#ranges.sort((a, b) => compareOffsets(a.from, b.from))) {
      const last = merged.at(-1);
      if (last !== undefined && !isAfter(from, last.to)) last.to = laterOffset(last.to, to);
      else merged.push({ from, to });
    }
    this.#ranges = merged;
    this.#isMerged = true;
  }
}
