import uPlot from "uplot";
import type { OccupancyStep } from "../contract.ts";
import { formatTime } from "./format.ts";
import type { PlotOptions } from "./plot.tsx";

export type ChartDay = {
  readonly startsAt: string;
  readonly endsAt: string;
  readonly timeZone: string;
  /** Told the index of the step under the pointer, null when it leaves. */
  readonly onPoint: (index: number | null) => void;
};

export type ChartColors = Readonly<Record<"blue" | "soft" | "in" | "out" | "line" | "faint" | "bad", string>>;

/** A canvas knows no CSS variables. `scheme` is only there to read them again when it changes. */
export function readColors(_scheme: "light" | "dark"): ChartColors {
  const style = getComputedStyle(document.documentElement);
  const read = (name: string) => style.getPropertyValue(`--pk-${name}`).trim();
  return {
    blue: read("blue"),
    soft: read("blue-soft"),
    in: read("in"),
    out: read("out"),
    line: read("line"),
    faint: read("ink-faint"),
    bad: read("bad"),
  };
}

/**
 * One point for each step, at its start; what left is drawn downwards. The curve goes on to now.
 *
 * @param at when the steps were counted.
 */
export function chartData(
  steps: readonly OccupancyStep[],
  at: string,
): { readonly occupancy: uPlot.AlignedData; readonly flow: uPlot.AlignedData } {
  const times = steps.map((step) => Date.parse(step.starts_at) / 1_000);
  const inside = steps.map((step) => step.inside);
  return {
    occupancy: [
      [...times, Date.parse(at) / 1_000],
      [...inside, inside.at(-1) ?? 0],
    ],
    // Nobody is no bar: a zero would be drawn as a line.
    flow: [times, steps.map((step) => step.in || null), steps.map((step) => -step.out || null)],
  };
}

const STEP_S = 15 * 60;

/** Tells which step the pointer is on. */
function tellPoint(day: ChartDay): (plot: uPlot) => void {
  return (plot) => {
    const { left = -1 } = plot.cursor;
    const seconds = plot.posToVal(left, "x") - Date.parse(day.startsAt) / 1_000;
    day.onPoint(left < 0 ? null : Math.floor(seconds / STEP_S));
  };
}

const AXIS_WIDTH = 48;
const LEAST_INSIDE = 10;
const LEAST_FLOW = 4;
/** Above the tallest bar, so that its label does not touch the next one. */
const FLOW_HEADROOM = 1.35;

/** How many were inside. The capacity is drawn where it is near, so that a quiet day is not a flat line. */
export function occupancyOptions(day: ChartDay, capacity: number, colors: ChartColors): PlotOptions {
  const drawCapacity = (plot: uPlot) => {
    const y = plot.valToPos(capacity, "y", true);
    const { left, top, width, height } = plot.bbox;
    if (y < top || y > top + height) return;
    const { ctx } = plot;
    ctx.save();
    ctx.strokeStyle = colors.bad;
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([5 * devicePixelRatio, 5 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(left, y);
    ctx.lineTo(left + width, y);
    ctx.stroke();
    ctx.restore();
  };
  return {
    ...common(day),
    axes: [timeAxis(day, colors, false), valueAxis(colors)],
    scales: { x: dayScale(day), y: { range: (_plot, _min, max) => [0, Math.max(LEAST_INSIDE, max * 1.15)] } },
    series: [
      {},
      {
        stroke: colors.blue,
        width: 2,
        fill: colors.soft,
        points: { show: false },
        ...stepped(),
      },
    ],
    hooks: { draw: [drawCapacity], setCursor: [tellPoint(day)] },
  };
}

/** Who came, upwards, and who left, downwards. */
export function flowOptions(day: ChartDay, colors: ChartColors): PlotOptions {
  const bars = uPlot.paths.bars?.({ size: [0.7, 24], align: 1 });
  const series = (color: string): uPlot.Series => ({
    fill: color,
    width: 0,
    points: { show: false },
    ...(bars === undefined ? {} : { paths: bars }),
  });
  return {
    ...common(day),
    axes: [timeAxis(day, colors, true), { ...valueAxis(colors), splits: peaks, values: unsigned }],
    scales: {
      x: dayScale(day),
      y: {
        range: (_plot, min, max) => {
          const most = Math.max(LEAST_FLOW, -min, max) * FLOW_HEADROOM;
          return [-most, most];
        },
      },
    },
    series: [{}, series(colors.in), series(colors.out)],
    hooks: { setCursor: [tellPoint(day)] },
  };
}

/** The busiest quarter of an hour, either way: more lines would crowd so low a plot. */
function peaks(_plot: uPlot, _axis: number, _min: number, max: number): number[] {
  const peak = Math.round(max / FLOW_HEADROOM);
  return [-peak, 0, peak];
}

/** The side says which way. */
function unsigned(_plot: uPlot, splits: number[]): number[] {
  return splits.map(Math.abs);
}

function stepped(): Pick<uPlot.Series, "paths"> {
  const paths = uPlot.paths.stepped?.({ align: 1 });
  return paths === undefined ? {} : { paths };
}

function common(day: ChartDay): Pick<PlotOptions, "legend" | "cursor" | "tzDate" | "padding"> {
  return {
    legend: { show: false },
    padding: [8, 26, 6, 0],
    cursor: { sync: { key: "day" }, y: false, drag: { x: false, y: false }, points: { show: false } },
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1_000), day.timeZone),
  };
}

function dayScale(day: ChartDay): uPlot.Scale {
  return { range: [Date.parse(day.startsAt) / 1_000, Date.parse(day.endsAt) / 1_000] };
}

const HOUR_S = 3_600;

function timeAxis(day: ChartDay, colors: ChartColors, labelled: boolean): uPlot.Axis {
  return {
    stroke: colors.faint,
    grid: { stroke: colors.line, width: 1 },
    ticks: { show: false },
    incrs: [HOUR_S, 2 * HOUR_S, 3 * HOUR_S, 4 * HOUR_S, 6 * HOUR_S],
    space: 64,
    size: labelled ? 28 : 0,
    values: (_plot, splits) =>
      splits.map((seconds) =>
        labelled ? formatTime(new Date(seconds * 1_000).toISOString(), day.timeZone) : "",
      ),
  };
}

function valueAxis(colors: ChartColors): uPlot.Axis {
  return {
    stroke: colors.faint,
    grid: { stroke: colors.line, width: 1 },
    ticks: { show: false },
    size: AXIS_WIDTH,
    space: 36,
  };
}
