/** Trends over time: how fast something grows, read from samples that go up and down. */

/** Moments and values, by time. */
export type Samples = readonly (readonly [atS: number, value: number])[];

const S_PER_HOUR = 3_600;

/** The least value of each of so many equally long parts: memory without what the next collection would free. */
export function lowest(samples: Samples, parts: number): Samples {
  const first = samples[0]?.[0] ?? 0;
  const length = ((samples.at(-1)?.[0] ?? 0) - first) / parts;
  const least = new Map<number, readonly [number, number]>();
  for (const sample of samples) {
    const part = Math.min(parts - 1, Math.floor((sample[0] - first) / length));
    const known = least.get(part);
    if (known === undefined || sample[1] < known[1]) least.set(part, sample);
  }
  return [...least.values()];
}

/** Growth an hour, by the line that fits best; NaN where there are fewer than two samples. */
export function slopePerHour(samples: Samples): number {
  const meanS = mean(samples.map(([atS]) => atS));
  const meanValue = mean(samples.map(([, value]) => value));
  let above = 0;
  let below = 0;
  for (const [atS, value] of samples) {
    above += (atS - meanS) * (value - meanValue);
    below += (atS - meanS) ** 2;
  }
  return (above / below) * S_PER_HOUR;
}

/** By which share the last third lies above the first; 0.1 is a tenth more. */
export function growth(samples: Samples): number {
  const third = Math.ceil(samples.length / 3);
  const first = mean(samples.slice(0, third).map(([, value]) => value));
  return mean(samples.slice(-third).map(([, value]) => value)) / first - 1;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
