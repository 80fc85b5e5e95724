/** Numbers as people read them. */

const DIGITS = 3;
const THOUSAND = 1_000;

/** Three digits that count, and thousands apart: 0.0123, 1.23, 12.3, 12,300. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return "none";
  const rounded = Number(value.toPrecision(DIGITS));
  if (Math.abs(rounded) < THOUSAND) return String(rounded);
  return Math.round(value).toLocaleString("en-US");
}

/** A middle value and, of several, the least and the greatest. */
export function formatSpread(middle: number, values: readonly number[]): string {
  if (new Set(values).size < 2) return formatNumber(middle);
  return `${formatNumber(middle)} (${formatNumber(Math.min(...values))}–${formatNumber(Math.max(...values))})`;
}

/** A ratio with two digits behind the point. */
export function formatRatio(value: number): string {
  return Number.isFinite(value) ? `${value.toFixed(2)} x` : "";
}
