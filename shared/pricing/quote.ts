import { formatDecimal, money, type Money } from "../domain/money.ts";
import { err, ok, type Result } from "../domain/result.ts";
import { refusal, type Refusal } from "../domain/errors.ts";
import type { Slab, Tariff } from "./tariff.ts";

/** One line of the explanation a driver can read, with what it adds to the total. */
export type TraceLine = { readonly text: string; readonly amountMinor: number };

/** What a stay costs and why. `total` is the sum of the trace. */
export type Quote = {
  readonly base: Money;
  readonly total: Money;
  /** Started minutes: 3.5 hours are 210, and one second more is 211. */
  readonly durationMinutes: number;
  readonly appliedRule: string;
  readonly tariffId: string;
  readonly tariffVersion: number;
  readonly trace: readonly TraceLine[];
};

export type PricingRefusal = Refusal<"tariff_missing">;

/** A stay from `entryMs` to `exitMs`, both wall times in Unix milliseconds. */
export type Span = { readonly entryMs: number; readonly exitMs: number };

/**
 * Prices a stay: the only function that does, at the edge, in the cloud and for the receipt. A missing tariff
 * is refused, never priced as zero. A clock that stepped back makes a stay of no length, never a negative one.
 */
export function quote(tariff: Tariff | null, { entryMs, exitMs }: Span): Result<Quote, PricingRefusal> {
  if (tariff === null) {
    return err(
      refusal(
        "tariff_missing",
        "operator",
        "No tariff is in force for this facility; ask the office for one.",
      ),
    );
  }
  const durationMs = Math.max(0, exitMs - entryMs);
  const line = price(tariff, durationMs);
  const total = money(line.amountMinor, tariff.currency);
  return ok({
    base: total,
    total,
    durationMinutes: Math.ceil(durationMs / 60_000),
    appliedRule: tariff.name,
    tariffId: tariff.id,
    tariffVersion: tariff.version,
    trace: [line],
  });
}

function price(tariff: Tariff, durationMs: number): TraceLine {
  const { rule } = tariff;
  switch (rule.kind) {
    case "flat":
      return traceLine(tariff, `Flat rate for ${describeDuration(durationMs)}`, rule.priceMinor);
    case "slab": {
      const index = rule.slabs.findIndex((slab) => slab.maxMs === null || durationMs <= slab.maxMs);
      const slab = rule.slabs[index];
      if (slab === undefined) throw new Error(`tariff ${tariff.id} has no open-ended slab`);
      const text = `${describeDuration(durationMs)} parked: ${describeSlab(slab, rule.slabs[index - 1])}`;
      return traceLine(tariff, text, slab.priceMinor);
    }
    default:
      return rule satisfies never;
  }
}

function traceLine(tariff: Tariff, text: string, amountMinor: number): TraceLine {
  return { text: `${text} = ${formatDecimal(money(amountMinor, tariff.currency))}`, amountMinor };
}

function describeSlab(slab: Slab, before: Slab | undefined): string {
  if (slab.maxMs !== null) return `up to ${describeDuration(slab.maxMs)}`;
  return before?.maxMs == null ? "any length" : `over ${describeDuration(before.maxMs)}`;
}

/** `45 min`, `1 h`, `3 h 30 min`, `2 d 4 h`: started minutes, for people. */
export function describeDuration(durationMs: number): string {
  const minutes = Math.ceil(durationMs / 60_000);
  const parts = [
    [Math.floor(minutes / 1440), "d"],
    [Math.floor((minutes % 1440) / 60), "h"],
    [minutes % 60, "min"],
  ] as const;
  const text = parts.filter(([count]) => count > 0).map(([count, unit]) => `${count} ${unit}`);
  return text.length === 0 ? "0 min" : text.join(" ");
}
