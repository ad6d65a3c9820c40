/** A point of a price curve: what a stay of so many minutes costs. */
export type CurvePoint = { readonly minutes: number; readonly total_minor: number };

export type Curve = {
  /** SVG path of the steps, in a box of `width` by `height`. */
  readonly path: string;
  /** Hours that are marked below, and where. */
  readonly marks: readonly { readonly hours: number; readonly x: number }[];
  readonly maxMinor: number;
};

/** Hours between marks: few enough to be read. */
const MARK_STEPS = [1, 2, 3, 4, 6, 12, 24, 48, 96, 168] as const;
const MAX_MARKS = 8;

/** A price that stays the same for days says nothing more: so many minutes at least, and this much after the last change. */
const SHORTEST_MINUTES = 240;
const AFTER_LAST_CHANGE = 1.4;

/**
 * The price over the length of a stay, as steps. Where it changes no more, the curve
 * ends soon. Null without two points.
 */
export function stepCurve(all: readonly CurvePoint[], width: number, height: number): Curve | null {
  const points = untilItStays(all);
  const last = points.at(-1);
  if (points.length < 2 || last === undefined || last.minutes === 0) return null;
  const maxMinor = Math.max(1, ...points.map(({ total_minor }) => total_minor));
  const x = (minutes: number): number => Math.round((minutes / last.minutes) * width * 10) / 10;
  const y = (minor: number): number => Math.round((height - (minor / maxMinor) * height) * 10) / 10;
  // A point tells what a stay of its length costs, and so does every length since the point before it.
  const steps = points.map(({ minutes, total_minor }) => `V${y(total_minor)}H${x(minutes)}`);
  const path = `M0 ${y(points[0]?.total_minor ?? 0)}${steps.join("")}`;
  const hours = last.minutes / 60;
  const step = MARK_STEPS.find((each) => hours / each <= MAX_MARKS) ?? Math.ceil(hours / MAX_MARKS);
  const marks = Array.from({ length: Math.floor(hours / step) + 1 }, (_, i) => ({
    hours: i * step,
    x: x(i * step * 60),
  }));
  return { path, marks, maxMinor };
}

function untilItStays(points: readonly CurvePoint[]): readonly CurvePoint[] {
  const changed = points.findLastIndex(
    (point, i) => i > 0 && point.total_minor !== points[i - 1]?.total_minor,
  );
  const [change, end] = [points[changed], points.at(-1)];
  if (change === undefined || end === undefined) return points;
  const minutes = Math.max(SHORTEST_MINUTES, Math.ceil((change.minutes * AFTER_LAST_CHANGE) / 60) * 60);
  if (minutes >= end.minutes) return points;
  return [...points.slice(0, changed + 1), { minutes, total_minor: change.total_minor }];
}
