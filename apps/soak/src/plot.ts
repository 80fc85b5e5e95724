/**
 * A plot of lag over time as SVG text: the largest lag of each second, in milliseconds on a logarithmic scale, with the
 * times of faults marked.
 */
import type { Figures } from "./figure.ts";

const WIDTH = 720;
const HEIGHT = 240;
const MARGIN = { left: 56, right: 12, top: 28, bottom: 32 };
const DECADES = [1, 10, 100, 1_000, 10_000, 100_000];
const STYLE =
  "text{font:11px sans-serif;fill:#444}.grid{stroke:#ddd}.lag{fill:none;stroke:#1f5fbf;stroke-width:1.5}.fault{fill:#d9534f;opacity:.18}";

/** Draws a run. */
export function plotLag(title: string, { lag, spans }: Figures): string {
  const lastS = Math.max(1, ...lag.map(({ atS }) => atS), ...spans.map(({ toS }) => toS));
  const top = DECADES.find((decade) => lag.every(({ lagMs }) => lagMs <= decade)) ?? Math.max(...DECADES);
  const x = (atS: number): number => round(MARGIN.left + (atS / lastS) * (WIDTH - MARGIN.left - MARGIN.right));
  const y = (lagMs: number): number => {
    const share = Math.log10(Math.max(1, Math.min(lagMs, top))) / Math.log10(Math.max(10, top));
    return round(HEIGHT - MARGIN.bottom - share * (HEIGHT - MARGIN.top - MARGIN.bottom));
  };
  const floor = HEIGHT - MARGIN.bottom;
  const grid = shownDecades(top).flatMap((decade) => [
    `<line class="grid" x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${y(decade)}" y2="${y(decade)}"/>`,
    `<text x="${MARGIN.left - 6}" y="${y(decade) + 4}" text-anchor="end">${decade} ms</text>`,
  ]);
  const faults = spans.map(({ fromS, toS }) => {
    const width = Math.max(2, round(x(toS) - x(fromS)));
    return `<rect class="fault" x="${x(fromS)}" y="${MARGIN.top}" width="${width}" height="${floor - MARGIN.top}"/>`;
  });
  const points = lag.map(({ atS, lagMs }) => `${x(atS + 0.5)},${y(lagMs)}`).join(" ");
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}">`,
    `<style>${STYLE}</style>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    `<text x="${MARGIN.left}" y="18">${title}: largest lag of each second; shaded: the fault</text>`,
    ...grid,
    ...faults,
    `<polyline class="lag" points="${points}"/>`,
    `<text x="${MARGIN.left}" y="${HEIGHT - 10}">0 s</text>`,
    `<text x="${WIDTH - MARGIN.right}" y="${HEIGHT - 10}" text-anchor="end">${Math.round(lastS)} s</text>`,
    "</svg>",
    "",
  ].join("\n");
}

function shownDecades(top: number): number[] {
  return DECADES.filter((decade) => decade <= Math.max(10, top));
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
