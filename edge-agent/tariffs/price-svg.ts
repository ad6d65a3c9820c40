import type { Preview, PriceStep } from "@parkme/shared/pricing/preview";
import { minorDigits } from "@parkme/shared/domain/money";
import { zoneClockOf } from "@parkme/shared/domain/local-day";
import type { Tariff } from "@parkme/shared/pricing/tariff-model";
import { fullTime, shortDay, shortTime, timeOfDay } from "./local-time.ts";
import { amountText, lengthText } from "./price-chart.ts";

/** The price of a stay by its length, as a drawing. */

const [WIDTH, HEIGHT] = [960, 500];
const PLOT = { left: 84, right: 912, top: 112, bottom: 410 } as const;
const INK = { text: "#0f172a", soft: "#475569", grid: "#e2e8f0", axis: "#94a3b8", line: "#1d4ed8" } as const;
const MINUTE_MS = 60_000;
const DAY_MINUTES = 1_440;
/** Between two marks below the plot, in minutes. */
const TICKS = [5, 15, 30, 60, 120, 180, 360, 720, 1_440, 2_880, 10_080, 20_160, 43_200, 86_400];
const MOST_TICKS = 10;
const MOST_MIDNIGHTS = 15;
/** A price stands above a flat of the curve that is at least so wide, and so far from the one before. */
const FLAT_PX = 34;
const LABEL_PX = 52;

/** A complete SVG document. */
export function priceSvg(preview: Preview, tariff: Tariff): string {
  const { entryMs, horizonMinutes, steps } = preview;
  const { currency, timeZone, name, id, version } = tariff;
  const most = Math.max(1, ...steps.map(({ totalMinor }) => totalMinor));
  const prices = priceTicks(most, minorDigits(currency));
  const top = prices.at(-1) ?? most;
  const x = (minutes: number): number =>
    round(PLOT.left + (minutes / horizonMinutes) * (PLOT.right - PLOT.left));
  const y = (minor: number): number => round(PLOT.bottom - (minor / top) * (PLOT.bottom - PLOT.top));
  const scale: Scale = { x, y };
  const subtitle = `Tariff ${id}, version ${version}: a stay that begins ${fullTime(entryMs, timeZone)}`;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif" role="img">
<title>${escape(name)}: price by length of stay</title>
<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>
${text(PLOT.left, 36, name, { size: 20, weight: 600 })}
${text(PLOT.left, 58, subtitle, { size: 13, fill: INK.soft })}
${text(PLOT.left, 84, `Price in ${currency}`, { size: 12, fill: INK.soft })}
${prices.map((minor) => priceMark(minor, amountText(minor, currency), scale)).join("\n")}
${midnights(preview, timeZone)
  .map((minutes) => dayMark(minutes, shortDay(entryMs + minutes * MINUTE_MS, timeZone), scale))
  .join("\n")}
${lengthTicks(horizonMinutes)
  .map((minutes) => lengthMark(minutes, entryMs, timeZone, scale))
  .join("\n")}
<path d="${areaOf(steps, scale)}" fill="${INK.line}" fill-opacity="0.08"/>
<path d="${lineOf(steps, scale)}" fill="none" stroke="${INK.line}" stroke-width="2.5" stroke-linejoin="round"/>
<line x1="${PLOT.left}" y1="${PLOT.bottom}" x2="${PLOT.right}" y2="${PLOT.bottom}" stroke="${INK.axis}"/>
${flatLabels(steps, scale)
  .map(([step, at]) =>
    text(at, scale.y(step.totalMinor) - 7, amountText(step.totalMinor, currency), {
      size: 12,
      weight: 600,
      fill: INK.line,
      anchor: "middle",
      halo: true,
    }),
  )
  .join("\n")}
${text((PLOT.left + PLOT.right) / 2, HEIGHT - 18, `Length of stay, and the time in ${timeZone}`, { size: 12, fill: INK.soft, anchor: "middle" })}
</svg>
`;
}

type Scale = { readonly x: (minutes: number) => number; readonly y: (minor: number) => number };

function priceMark(minor: number, label: string, { y }: Scale): string {
  const at = y(minor);
  return `<line x1="${PLOT.left}" y1="${at}" x2="${PLOT.right}" y2="${at}" stroke="${INK.grid}"/>
${text(PLOT.left - 10, at + 4, label, { size: 12, fill: INK.soft, anchor: "end" })}`;
}

function dayMark(minutes: number, label: string, { x }: Scale): string {
  const at = x(minutes);
  return `<line x1="${at}" y1="${PLOT.top}" x2="${at}" y2="${PLOT.bottom}" stroke="${INK.axis}" stroke-dasharray="3 4"/>
${text(at, PLOT.top - 7, label, { size: 11, fill: INK.soft, anchor: "middle" })}`;
}

function lengthMark(minutes: number, entryMs: number, timeZone: string, { x }: Scale): string {
  const at = x(minutes);
  const moment = entryMs + minutes * MINUTE_MS;
  const clock = minutes === 0 ? shortTime(moment, timeZone) : timeOfDay(moment, timeZone);
  return `<line x1="${at}" y1="${PLOT.bottom}" x2="${at}" y2="${PLOT.bottom + 5}" stroke="${INK.axis}"/>
${text(at, PLOT.bottom + 22, minutes === 0 ? "0" : lengthText(minutes), { size: 12, anchor: "middle" })}
${text(at, PLOT.bottom + 40, clock, { size: 11, fill: INK.soft, anchor: "middle" })}`;
}

function lineOf(steps: readonly PriceStep[], { x, y }: Scale): string {
  return steps
    .map(({ fromMinutes, untilMinutes, totalMinor }, i) => {
      const [from, until, at] = [x(fromMinutes), x(untilMinutes), y(totalMinor)];
      return i === 0 ? `M${from} ${at}H${until}` : `V${at}H${until}`;
    })
    .join("");
}

function areaOf(steps: readonly PriceStep[], scale: Scale): string {
  return `${lineOf(steps, scale)}V${PLOT.bottom}H${scale.x(0)}Z`;
}

/** Flats that a price has room above: the widest first, none over another. */
function flatLabels(steps: readonly PriceStep[], { x, y }: Scale): [PriceStep, number][] {
  const placed: [PriceStep, number][] = [];
  const width = ({ fromMinutes, untilMinutes }: PriceStep): number => x(untilMinutes) - x(fromMinutes);
  const widestFirst = steps.toSorted((a, b) => width(b) - width(a));
  for (const step of widestFirst) {
    if (width(step) < FLAT_PX) break;
    const at = round((x(step.fromMinutes) + x(step.untilMinutes)) / 2);
    const near = placed.some(
      ([other, where]) =>
        Math.abs(where - at) < LABEL_PX && Math.abs(y(other.totalMinor) - y(step.totalMinor)) < 16,
    );
    if (!near) placed.push([step, at]);
  }
  return placed;
}

/** From nothing to the most or a little more, at amounts that are easy to read, in minor units. */
function priceTicks(most: number, digits: number): number[] {
  const least = most / 6;
  const power = 10 ** Math.floor(Math.log10(Math.max(1, least)));
  const factor = [1, 2, 2.5, 5, 10].find((it) => it * power >= least && Number.isInteger(it * power)) ?? 10;
  const step = Math.max(digits === 0 ? 1 : 5, factor * power);
  return Array.from({ length: Math.ceil((most * 1.06) / step) + 1 }, (_, i) => i * step);
}

function lengthTicks(horizon: number): number[] {
  const step = TICKS.find((it) => horizon / it <= MOST_TICKS) ?? horizon;
  return Array.from({ length: Math.floor(horizon / step) + 1 }, (_, i) => i * step);
}

/** The minutes of the stay at which a day begins on the facility's clocks; none where there are too many to draw. */
function midnights({ entryMs, horizonMinutes }: Preview, timeZone: string): number[] {
  if (horizonMinutes > MOST_MIDNIGHTS * DAY_MINUTES) return [];
  const clock = zoneClockOf(timeZone);
  const localDayMs = DAY_MINUTES * MINUTE_MS;
  const first = Math.floor((entryMs + clock.spanAt(entryMs).offsetMs) / localDayMs) + 1;
  const days = Array.from({ length: MOST_MIDNIGHTS + 1 }, (_, i) => clock.momentOf((first + i) * localDayMs));
  return days
    .map((atMs) => Math.round((atMs - entryMs) / MINUTE_MS))
    .filter((minutes) => minutes < horizonMinutes);
}

type TextStyle = {
  readonly size: number;
  readonly fill?: string;
  readonly weight?: number;
  readonly anchor?: "middle" | "end";
  /** White around the letters, so that lines behind them do not cross them out. */
  readonly halo?: boolean;
};

function text(
  x: number,
  y: number,
  words: string,
  { size, fill = INK.text, weight, anchor, halo }: TextStyle,
) {
  const bold = weight === undefined ? "" : ` font-weight="${weight}"`;
  const anchored = anchor === undefined ? "" : ` text-anchor="${anchor}"`;
  const around = halo === true ? ' stroke="#ffffff" stroke-width="4" paint-order="stroke"' : "";
  return `<text x="${x}" y="${y}" font-size="${size}" fill="${fill}"${bold}${anchored}${around}>${escape(words)}</text>`;
}

function escape(words: string): string {
  return words
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll(/[^\P{Cc}\n]/gu, " ");
}

function round(px: number): number {
  return Math.round(px * 10) / 10;
}
