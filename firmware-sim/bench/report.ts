/** How every bench of this project reports: one JSON line per figure on stdout, a table for people on stderr. */

export type Figure = {
  readonly figure: string;
  readonly value: number;
  /** The same measure of the bare engine or line, taken in the same run; null where there is none. */
  readonly floor: number | null;
};

export function report(bench: string, title: string, figures: readonly Figure[]): void {
  for (const { figure, value, floor } of figures) {
    const ratio = floor === null || floor === 0 ? null : round(value / floor);
    process.stdout.write(
      `${JSON.stringify({ bench, figure, value: round(value), floor: floor && round(floor), ratio })}\n`,
    );
  }
  const cell = (value: number | null): string => (value === null ? "-" : String(round(value))).padStart(10);
  const lines = figures.map(
    ({ figure, value, floor }) =>
      `  ${figure.padEnd(22)}${cell(value)}${cell(floor)}${cell(floor === null ? null : value / floor)}`,
  );
  const head = `  ${"figure".padEnd(22)}${"value".padStart(10)}${"floor".padStart(10)}${"ratio".padStart(10)}`;
  process.stderr.write(`\n${title}\n${[head, ...lines].join("\n")}\n`);
}

/** The value below which `share` (0..1) of the samples lie. */
export function percentile(samples: readonly number[], share: number): number {
  if (samples.length === 0) throw new Error("no samples were taken");
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
