import { asCurrency, minorDigits } from "@parkme/shared/domain/money";

/** A sum as the database gives it, as the API shows it: `15.00`. Sums may be longer than a safe integer. */
export function formatSum(amountMinor: string, currency: string): string {
  const digits = minorDigits(asCurrency(currency));
  const negative = amountMinor.startsWith("-");
  const text = (negative ? amountMinor.slice(1) : amountMinor).padStart(digits + 1, "0");
  const whole = text.slice(0, text.length - digits);
  const decimal = digits === 0 ? whole : `${whole}.${text.slice(-digits)}`;
  return negative ? `-${decimal}` : decimal;
}

export const STEP_MS = 15 * 60_000;

/** What changed in one step of the day, and how many were inside at its end. */
export type OccupancyStep = {
  readonly startsMs: number;
  readonly inside: number;
  readonly in: number;
  readonly out: number;
};

/**
 * The day so far in steps of a quarter of an hour, counted back from how many are inside now, so that the curve ends
 * exactly there.
 *
 * @param changes of today, in any order; those of a clock that runs ahead count as now.
 */
export function occupancySteps(
  inside: number,
  changes: readonly { readonly startsMs: number; readonly in: number; readonly out: number }[],
  dayStartsMs: number,
  nowMs: number,
): OccupancyStep[] {
  const last = Math.max(0, Math.floor((nowMs - dayStartsMs) / STEP_MS));
  const steps = Array.from({ length: last + 1 }, (_, index) => ({ index, in: 0, out: 0 }));
  for (const change of changes) {
    const step = steps[Math.min(last, Math.max(0, Math.round((change.startsMs - dayStartsMs) / STEP_MS)))];
    if (step === undefined) continue;
    step.in += change.in;
    step.out += change.out;
  }
  let insideAtEnd = inside;
  const counted = steps.toReversed().map((step) => {
    const result = {
      startsMs: dayStartsMs + step.index * STEP_MS,
      inside: insideAtEnd,
      in: step.in,
      out: step.out,
    };
    insideAtEnd += step.out - step.in;
    return result;
  });
  return counted.reverse();
}
