import type { Pull } from "./gpio-lines.ts";

/**
 * The command lines of libgpiod's tools, whose options changed from version 1 (Debian 12) to 2 (Debian 13). Levels are
 * levels on the wire. Source: `--help` of gpiod 1.6.3; tools/*.c of libgpiod 2.2.
 */
export type ToolSeries = 1 | 2;

/** Series of the tools by what `gpiodetect --version` says; null when it says nothing of the kind. */
export function seriesOf(text: string): ToolSeries | null {
  const major = Number(/\(libgpiod\) v(\d{1,3})\./.exec(text.slice(0, 1_000))?.[1]);
  if (major === 1) return 1;
  return major >= 2 ? 2 : null;
}

export type Chip = { readonly name: string; readonly label: string; readonly lines: number };
const MAX_CHIPS = 64;

/** The chips that `gpiodetect` lists: `gpiochip0 [pinctrl-bcm2711] (58 lines)`. */
export function chipsOf(text: string): Chip[] {
  const lines = text.slice(0, 16_384).split("\n").slice(0, MAX_CHIPS);
  return lines.flatMap((line) => {
    const [, name, label, count] = /^(gpiochip\d{1,4}) \[(.{0,64})\] \((\d{1,4}) lines?\)$/.exec(line) ?? [];
    return name === undefined || label === undefined ? [] : [{ name, label, lines: Number(count) }];
  });
}

/** The levels that `gpioget` prints: `1 0 0`; null when they are not as many as were asked for. */
export function levelsOf(text: string, count: number): boolean[] | null {
  const words = text.slice(0, 4_096).trim().split(/\s+/);
  if (words.length !== count || !words.every((word) => word === "0" || word === "1")) return null;
  return words.map((word) => word === "1");
}

/** Drives a line, and exits. */
export function driveArgs(series: ToolSeries, chip: string, line: number, high: boolean): string[] {
  const level = `${line}=${high ? 1 : 0}`;
  return series === 1 ? ["--mode=exit", chip, level] : ["--toggle=0", `--chip=${chip}`, level];
}

/** Drives a line, and exits after that long; what the line is then is left to the kernel. */
export function holdArgs(
  series: ToolSeries,
  chip: string,
  line: number,
  high: boolean,
  ms: number,
): string[] {
  const level = `${line}=${high ? 1 : 0}`;
  const wholeMs = Math.max(1, Math.round(ms));
  if (series === 2) return [`--toggle=${wholeMs}ms,0`, `--chip=${chip}`, level];
  const seconds = Math.floor(wholeMs / 1_000);
  return ["--mode=time", `--sec=${seconds}`, `--usec=${(wholeMs % 1_000) * 1_000}`, chip, level];
}

/** Prints the levels of lines, and exits. */
export function readArgs(
  series: ToolSeries,
  chip: string,
  pull: Pull | null,
  lines: readonly number[],
): string[] {
  const options = series === 1 ? [] : ["--numeric", `--chip=${chip}`];
  return [...options, ...bias(series, pull), ...(series === 1 ? [chip] : []), ...lines.map(String)];
}

/** Exits when one of the lines changes. */
export function waitArgs(
  series: ToolSeries,
  chip: string,
  pull: Pull | null,
  lines: readonly number[],
): string[] {
  const options = series === 1 ? ["--silent"] : ["--quiet", `--chip=${chip}`];
  return [
    "--num-events=1",
    ...options,
    ...bias(series, pull),
    ...(series === 1 ? [chip] : []),
    ...lines.map(String),
  ];
}

function bias(series: ToolSeries, pull: Pull | null): string[] {
  if (pull === null) return [];
  if (pull === "none") return [series === 1 ? "--bias=disable" : "--bias=disabled"];
  return [`--bias=pull-${pull}`];
}
