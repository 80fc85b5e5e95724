/** A plot as SVG text: lines over two axes, each linear or logarithmic, with a legend. No library, some kilobytes. */

export interface Axis {
  readonly label: string;
  /** Where a line and a number stand; the first and the last are the ends of the axis. */
  readonly ticks: readonly Tick[];
  readonly isLogarithmic?: boolean;
}

export interface Tick {
  readonly at: number;
  /** @default the number */
  readonly label?: string;
}

export interface Line {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
  /** Drawn with gaps, as a second line of the one before it. */
  readonly isDashed?: boolean;
}

export interface Plot {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly lines: readonly Line[];
}

const WIDTH = 720;
const HEIGHT = 320;
const MARGIN = { left: 64, right: 180, top: 32, bottom: 44 };
const COLORS = ["#1f5fbf", "#d9534f", "#e0962e", "#3d9a50", "#7d4fb5", "#555", "#2aa3a3", "#b5487f"];
const LEGEND_STEP = 18;
const STYLE =
  "text{font:11px sans-serif;fill:#444}.grid{stroke:#ddd}.line{fill:none;stroke-width:1.8;stroke-linejoin:round}";

/** Draws it. Points beyond the ends of an axis are drawn at its end. */
export function draw({ title, x, y, lines }: Plot): string {
  const toX = scale(x, MARGIN.left, WIDTH - MARGIN.right);
  const toY = scale(y, HEIGHT - MARGIN.bottom, MARGIN.top);
  const bottom = HEIGHT - MARGIN.bottom;
  const colors = colorsOf(lines);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}">`,
    `<style>${STYLE}</style>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    `<text x="${MARGIN.left}" y="18">${escape(title)}</text>`,
    ...x.ticks.flatMap(({ at, label }) => [
      `<line class="grid" x1="${toX(at)}" x2="${toX(at)}" y1="${MARGIN.top}" y2="${bottom}"/>`,
      `<text x="${toX(at)}" y="${bottom + 16}" text-anchor="middle">${escape(label ?? String(at))}</text>`,
    ]),
    ...y.ticks.flatMap(({ at, label }) => [
      `<line class="grid" x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${toY(at)}" y2="${toY(at)}"/>`,
      `<text x="${MARGIN.left - 6}" y="${toY(at) + 4}" text-anchor="end">${escape(label ?? String(at))}</text>`,
    ]),
    `<text x="${(MARGIN.left + WIDTH - MARGIN.right) / 2}" y="${HEIGHT - 10}" text-anchor="middle">${escape(x.label)}</text>`,
    `<text transform="translate(14 ${(MARGIN.top + bottom) / 2}) rotate(-90)" text-anchor="middle">${escape(y.label)}</text>`,
    ...lines.flatMap(({ name, points, isDashed = false }, index) => {
      const stroke = `stroke="${colors[index]}"${isDashed ? ' stroke-dasharray="5 4"' : ""}`;
      const at = MARGIN.top + 8 + index * LEGEND_STEP;
      const left = WIDTH - MARGIN.right + 12;
      return [
        `<polyline class="line" ${stroke} points="${points.map(([px, py]) => `${toX(px)},${toY(py)}`).join(" ")}"/>`,
        `<line class="line" ${stroke} x1="${left}" x2="${left + 18}" y1="${at}" y2="${at}"/>`,
        `<text x="${left + 24}" y="${at + 4}">${escape(name)}</text>`,
      ];
    }),
    "</svg>",
    "",
  ].join("\n");
}

/** Ticks of a linear axis from 0 up to something round above a value. */
export function linearTicks(most: number): Tick[] {
  const step = [1, 2, 2.5, 5, 10].map((one) => one * 10 ** Math.floor(Math.log10(Math.max(most, 1e-6) / 5)));
  const fitting = step.find((one) => one * 5 >= most) ?? most / 5;
  const count = Math.max(1, Math.ceil(most / fitting - 1e-9));
  return Array.from({ length: count + 1 }, (_, index) => ({ at: Number((index * fitting).toPrecision(6)) }));
}

/** Ticks of a logarithmic axis: powers of ten around two values. */
export function logarithmicTicks(least: number, most: number): Tick[] {
  const from = Math.floor(Math.log10(least));
  const to = Math.max(from + 1, Math.ceil(Math.log10(most)));
  return Array.from({ length: to - from + 1 }, (_, index) => ({ at: Number(`1e${from + index}`) }));
}

/** A dashed line has the color of the one before it. */
function colorsOf(lines: readonly Line[]): string[] {
  let color = -1;
  return lines.map(({ isDashed = false }) => {
    if (!isDashed) color += 1;
    return COLORS[Math.max(0, color) % COLORS.length] ?? "#000";
  });
}

function scale({ ticks, isLogarithmic = false }: Axis, from: number, to: number): (value: number) => number {
  const measure = isLogarithmic ? Math.log10 : (value: number): number => value;
  const low = ticks[0]?.at ?? 0;
  const high = ticks.at(-1)?.at ?? 1;
  return (value) => {
    const share = (measure(Math.min(high, Math.max(low, value))) - measure(low)) / (measure(high) - measure(low));
    return Math.round((from + share * (to - from)) * 10) / 10;
  };
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
