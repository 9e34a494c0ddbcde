/** An axis: what stands at which place, and where its lines are drawn. */
export interface Scale {
  /** From 0 to 1. */
  place(value: number): number;
  readonly ticks: readonly number[];
}

const WANTED_TICKS = 5;

/** From 0 to a round number that is not below the largest. */
export function linearScale(values: readonly number[]): Scale {
  const [least, most] = bounds(values, 0);
  const step = roundStep((most - least) / WANTED_TICKS);
  const [low, high] = [Math.floor(least / step), Math.ceil(most / step - 1e-9)];
  return { place: (value) => (value / step - low) / (high - low), ticks: multiples(step, low, high) };
}

/** From the smallest value to the largest, with lines at round numbers between them. */
export function exactScale(values: readonly number[]): Scale {
  const [least, most] = bounds(values);
  const step = roundStep((most - least) / WANTED_TICKS);
  const ticks = multiples(step, Math.ceil(least / step - 1e-9), Math.floor(most / step + 1e-9));
  return { place: (value) => (value - least) / (most - least), ticks };
}

const multiples = (step: number, from: number, to: number): number[] =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => Number(((from + index) * step).toPrecision(12)));

/** Powers of ten around the values, all of which must be above 0; a line also at 2 and 5 where there are few. */
export function logScale(values: readonly number[]): Scale {
  const [least, most] = bounds(values.filter((value) => value > 0));
  const low = Math.floor(Math.log10(least) + 1e-9);
  const high = Math.max(low + 1, Math.ceil(Math.log10(most) - 1e-9));
  const between = high - low <= 2 ? [1, 2, 5] : [1];
  const ticks = Array.from({ length: high - low }, (_, index) => low + index)
    .flatMap((power) => between.map((factor) => factor * 10 ** power))
    .concat(10 ** high);
  return { place: (value) => (Math.log10(value) - low) / (high - low), ticks };
}

function bounds(values: readonly number[], atMost?: number): [number, number] {
  let least = atMost ?? Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  if (!Number.isFinite(least)) least = atMost === undefined ? 1 : 0;
  if (most <= least) most = least + 1;
  return [least, most];
}

/** 1, 2 or 5 times a power of ten, not below what is asked for. */
function roundStep(step: number): number {
  const power = 10 ** Math.floor(Math.log10(step));
  const factor = [1, 2, 5, 10].find((each) => each * power >= step * (1 - 1e-9)) ?? 10;
  return factor * power;
}
