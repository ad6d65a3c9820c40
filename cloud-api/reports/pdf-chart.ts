import type { Chart } from "./table.ts";

/** Where a chart's parts stand on a page, before anything draws them. Lengths are points; y goes down. */
export type Area = {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
};

export type Plot = {
  /** Lines across, with what stands beside them. */
  readonly ticks: readonly { readonly y: number; readonly label: string }[];
  readonly baseline: number;
  readonly bars: readonly Area[];
  /** Of a curve, from left to right. */
  readonly points: readonly { readonly x: number; readonly y: number }[];
  readonly limitY: number | null;
  readonly labels: readonly { readonly x: number; readonly width: number; readonly text: string }[];
};

const MOST_TICKS = 5;
/** A label needs so much room. */
const LABEL_WIDTH = 62;

/** Steps of 1, 2 or 5 times a power of ten, a few of them, so that everything and zero is between the first and the last. */
export function niceTicks(low: number, high: number): number[] {
  const [from, to] = [Math.min(0, low), Math.max(0, high)];
  // What is next to nothing is drawn as nothing.
  const span = to - from > 1e-9 ? to - from : 1;
  const rough = span / (MOST_TICKS - 1);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((times) => times * power >= rough) ?? 10);
  const first = Math.floor(from / step);
  const last = Math.max(first + 1, Math.ceil(to / step));
  // Multiples of the step, not sums of it: no digits behind the point that nobody asked for.
  return Array.from({ length: last - first + 1 }, (_, index) => {
    const value = (first + index) * step;
    return Math.abs(value) < step / 2 ? 0 : Number(value.toPrecision(12));
  });
}

/** @param area that the bars or the curve stand in; labels go below and beside it. */
export function plotOf({ kind, bars, limit }: Chart, area: Area): Plot {
  const values = bars.map(({ value }) => value);
  const ticks = niceTicks(Math.min(0, ...values), Math.max(0, limit ?? 0, ...values));
  const [low = 0, high = 1] = [ticks[0], ticks.at(-1)];
  const yOf = (value: number) => area.y + area.height - ((value - low) / (high - low)) * area.height;
  const step = area.width / Math.max(1, bars.length);
  const centre = (index: number) => area.x + step * (index + 0.5);
  const barWidth = Math.min(28, step * 0.7);
  return {
    ticks: ticks.map((value) => ({ y: yOf(value), label: tickLabel(value) })),
    baseline: yOf(0),
    bars:
      kind === "line"
        ? []
        : bars.map(({ value }, index) => ({
            x: centre(index) - barWidth / 2,
            y: Math.min(yOf(value), yOf(0)),
            width: barWidth,
            height: Math.abs(yOf(value) - yOf(0)),
          })),
    points: kind === "line" ? bars.map(({ value }, index) => ({ x: centre(index), y: yOf(value) })) : [],
    limitY: limit === null ? null : yOf(limit),
    labels: labelsOf(
      bars.map(({ label }) => label),
      centre,
      area.width,
    ),
  };
}

/** As many as there is room for, evenly. */
function labelsOf(
  texts: readonly string[],
  centre: (index: number) => number,
  width: number,
): Plot["labels"] {
  const every = Math.max(1, Math.ceil((texts.length * LABEL_WIDTH) / width));
  return texts.flatMap((text, index) =>
    index % every === 0 ? [{ x: centre(index) - LABEL_WIDTH / 2, width: LABEL_WIDTH, text }] : [],
  );
}

function tickLabel(value: number): string {
  return value.toLocaleString("en", { maximumFractionDigits: 3 });
}
