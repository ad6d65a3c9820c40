import type { TortureReport, Violation } from "./run.ts";

/** The end of a run in words, for people. */
export function wordsOfReport(report: TortureReport, command: string): string {
  const { cuts, kinds, acknowledged, violations, controls, seconds, seed } = report;
  const byKind = Object.entries(kinds).map(
    ([kind, { cuts: count, ioctl, copy, atStart }]) =>
      `  ${kind.padEnd(10)} ${count}: ${ioctl} by the shutdown call, ${copy} by copy, ${count - ioctl - copy} by kill -9; ${atStart} while it started`,
  );
  const controlLines = controls.map(
    (control) =>
      `  synchronous=${control.synchronous.padEnd(7)} ${control.lost} of ${control.acknowledged} acknowledgements lost in ${control.cuts} cuts, ${control.damaged} databases damaged${control.lost > 0 ? "" : ": NOTHING LOST, so these cuts prove nothing"}`,
  );
  const found = violations.map((violation) => `  ${placeOf(violation)}: ${violation.what}`);
  const again = violations.find(({ batch }) => batch !== null)?.batch;
  return [
    `${cuts} cuts in ${seconds} s, seed ${seed}${report.stopped ? ", stopped before the end" : ""}`,
    ...byKind,
    `${acknowledged} acknowledgements held against the disk, ${violations.length} violations`,
    ...found,
    ...(again == null ? [] : [`again: ${command} --seed ${seed} --only-batch ${again}`]),
    `slowest restart: ready after ${report.slowestRestartMs} ms, lanes at rest after ${report.slowestServiceMs} ms`,
    ...(controls.length === 0 ? [] : ["negative controls, which must lose something:", ...controlLines]),
    "",
  ].join("\n");
}

function placeOf({ batch, cut }: Violation): string {
  if (batch === null) return "negative controls";
  return `batch ${batch}, ${cut === null ? "at its end" : `cut ${cut}`}`;
}
