import { describeDuration } from "@parkme/shared/pricing/engine/texts";
import type { Currency } from "@parkme/shared/domain/money";
import { formatDecimal, money } from "@parkme/shared/domain/money";
import type { Preview, PriceStep } from "@parkme/shared/pricing/preview";
import type { Tariff } from "@parkme/shared/pricing/tariff-model";
import { shortTime } from "./local-time.ts";

/** The price of a stay by its length, as a table and as a curve of characters. */

const MINUTE_MS = 60_000;
const PLOT_COLUMNS = 66;
const PLOT_ROWS = 14;
/** Steps of a table; what is longer is for a picture. */
const MAX_ROWS = 60;

export function amountText(minor: number, currency: Currency): string {
  return formatDecimal(money(minor, currency));
}

/** `1 h 30 min`. */
export function lengthText(minutes: number): string {
  return describeDuration(minutes * MINUTE_MS);
}

/** One line for each price: up to which length it holds, and which time that is. */
export function priceTable({ entryMs, steps }: Preview, { currency, timeZone }: Tariff): string {
  const cells = steps
    .slice(0, MAX_ROWS)
    .map(({ untilMinutes, totalMinor }) => [
      `up to ${lengthText(untilMinutes)}`,
      shortTime(entryMs + untilMinutes * MINUTE_MS, timeZone),
      amountText(totalMinor, currency),
    ]);
  const left = steps.length - cells.length;
  const more =
    left === 0 ? [] : [`... and ${left} more steps: look at a shorter time, or use --svg or --json`];
  return [...columnsOf([["Length", "Until", currency], ...cells], [false, false, true]), ...more].join("\n");
}

/** Rows of cells in columns as wide as their widest cell; numbers to the right. */
export function columnsOf(rows: readonly (readonly string[])[], numbers: readonly boolean[]): string[] {
  const widths = numbers.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  return rows.map((row) =>
    row
      .map((cell, i) => (numbers[i] === true ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
}

/** A curve of steps in characters: length to the right, price upwards. */
export function priceCurve(preview: Preview, { currency }: Tariff): string {
  const { steps, horizonMinutes } = preview;
  const most = Math.max(1, ...steps.map(({ totalMinor }) => totalMinor));
  const rowOf = (minor: number): number => Math.round((minor / most) * (PLOT_ROWS - 1));
  const levels = Array.from({ length: PLOT_COLUMNS }, (_, column) =>
    rowOf(minorAt(steps, ((column + 1) / PLOT_COLUMNS) * horizonMinutes)),
  );
  const grid = Array.from({ length: PLOT_ROWS }, () => Array<string>(PLOT_COLUMNS).fill(" "));
  for (const [column, level] of levels.entries()) drawStep(grid, column, level, levels[column - 1] ?? level);
  const labels = new Map([0, 0.5, 1].map((part) => [rowOf(most * part), Math.round(most * part)]));
  const width = Math.max(...[...labels.values()].map((minor) => amountText(minor, currency).length));
  const lines = grid.map((cells, row) => {
    const minor = labels.get(row);
    const label = minor === undefined ? "" : amountText(minor, currency);
    return `${label.padStart(width)} ${minor === undefined ? "│" : "┤"}${cells.join("").trimEnd()}`;
  });
  const half = lengthText(Math.round(horizonMinutes / 2));
  const end = lengthText(horizonMinutes);
  const below = `0${half.padStart(PLOT_COLUMNS / 2 + Math.floor(half.length / 2) - 1)}`;
  return [
    ...lines.toReversed(),
    `${" ".repeat(width)} └${"─".repeat(PLOT_COLUMNS)}`,
    `${" ".repeat(width + 2)}${below}${end.padStart(PLOT_COLUMNS - below.length)}`,
  ].join("\n");
}

function drawStep(grid: string[][], column: number, level: number, before: number): void {
  const put = (row: number, mark: string): void => {
    const cells = grid[row];
    if (cells !== undefined) cells[column] = mark;
  };
  if (level === before) {
    put(level, "─");
    return;
  }
  const rises = level > before;
  for (let row = Math.min(level, before) + 1; row < Math.max(level, before); row++) put(row, "│");
  put(before, rises ? "┘" : "┐");
  put(level, rises ? "┌" : "└");
}

function minorAt(steps: readonly PriceStep[], minutes: number): number {
  return (steps.find(({ untilMinutes }) => minutes <= untilMinutes) ?? steps.at(-1))?.totalMinor ?? 0;
}
