import { ok, type Result } from "../domain/result.ts";
import { quote } from "./quote.ts";
import type { PricingRefusal, StayToPrice } from "./quote-model.ts";
import type { Tariff } from "./tariff-model.ts";

/** What a stay costs by its length: the price board and the curve of a tariff. */

/** A stretch of lengths that cost the same: of more than `fromMinutes`, up to and with `untilMinutes`. */
export type PriceStep = {
  readonly fromMinutes: number;
  readonly untilMinutes: number;
  readonly totalMinor: number;
};

export type Preview = {
  readonly entryMs: number;
  /** As asked for, unless there are more changes of price than anybody reads. */
  readonly horizonMinutes: number;
  /** In order, without gaps, each with another price than the one before; the last ends at the horizon. */
  readonly steps: readonly PriceStep[];
};

export type PreviewOptions = {
  /** A whole minute, Unix ms. */
  readonly entryMs: number;
  readonly horizonMs: number;
  /** Everything else about the stay: vehicle, right, validations. */
  readonly stay?: Omit<StayToPrice, "entryMs" | "exitMs">;
};

const MINUTE_MS = 60_000;
export const MAX_PREVIEW_DAYS = 400;
const MAX_MINUTES = MAX_PREVIEW_DAYS * 1_440;
/** Every minute of two weeks is looked at; a longer time at so many places, and between any two that differ. */
const EXACT_MINUTES = 14 * 1_440;
const MAX_LOOKS = 5_000;
const MAX_STEPS = 2_000;

/**
 * Finds every length, in whole minutes, at which the price changes. Of more than two weeks, a price that rises and
 * falls back within some minutes may be missed. A refusal is the tariff's own.
 */
export function preview(
  tariff: Tariff,
  { entryMs, horizonMs, stay = {} }: PreviewOptions,
): Result<Preview, PricingRefusal> {
  const begin = Math.floor(entryMs / MINUTE_MS) * MINUTE_MS;
  const wanted = Math.min(MAX_MINUTES, Math.max(1, Math.ceil(horizonMs / MINUTE_MS)));
  const totals = new Map<number, number>();
  const refused: PricingRefusal[] = [];
  const totalAt = (minutes: number): number => {
    const known = totals.get(minutes);
    if (known !== undefined) return known;
    const priced = quote(tariff, { ...stay, entryMs: begin, exitMs: begin + minutes * MINUTE_MS });
    if (!priced.ok) refused.push(priced.error);
    const total = priced.ok ? priced.value.total.amountMinor : 0;
    totals.set(minutes, total);
    return total;
  };
  const { changes, horizonMinutes } = changesOf(totalAt, wanted, () => refused.length > 0);
  const [refusal] = refused;
  if (refusal !== undefined) return { ok: false, error: refusal };
  const starts = [0, ...changes.map((minutes) => minutes - 1)];
  const steps = starts.map((fromMinutes, i) => ({
    fromMinutes,
    untilMinutes: starts[i + 1] ?? horizonMinutes,
    totalMinor: totalAt(fromMinutes + 1),
  }));
  return ok({ entryMs: begin, horizonMinutes, steps });
}

/** The first minutes of each new price, in order. */
function changesOf(
  totalAt: (minutes: number) => number,
  horizon: number,
  stopped: () => boolean,
): { readonly changes: readonly number[]; readonly horizonMinutes: number } {
  const stride = horizon <= EXACT_MINUTES ? 1 : Math.ceil(horizon / MAX_LOOKS);
  const changes: number[] = [];
  // Between two lengths of different prices halves are looked at, until the two are neighbours.
  const find = (from: number, until: number): void => {
    if (totalAt(from) === totalAt(until)) return;
    if (until - from === 1) {
      changes.push(until);
      return;
    }
    const middle = Math.floor((from + until) / 2);
    find(from, middle);
    find(middle, until);
  };
  let at = 1;
  while (at < horizon && changes.length < MAX_STEPS && !stopped()) {
    const next = Math.min(at + stride, horizon);
    find(at, next);
    at = next;
  }
  return { changes, horizonMinutes: at };
}
