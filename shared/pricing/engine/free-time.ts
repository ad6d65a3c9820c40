import type { PricedRight } from "../quote-model.ts";
import type { UnitPrice } from "../tariff-model.ts";
import { BandCursor } from "./bands.ts";
import type { CompiledTariff } from "./compiled.ts";
import type { Pieces } from "./charge.ts";

const MIN_MS = 60_000;

/** What a right did for a stay: time it took off, and what is charged for coming early and staying over. */
export class RightUse {
  coveredMs = 0;
  passMs = 0;
  used = false;
  earlyMs = 0;
  earlyMinor = 0;
  overstayMs = 0;
  overstayMinor = 0;
}

/**
 * The times from `fromMs` to `toMs` that are left to be charged when a right has taken its own. A time of no length
 * is left where the right is not in force at that moment. Adds to `use`. The right's pass is one of the tariff's.
 */
export function chargeablePieces(
  tariff: CompiledTariff,
  right: PricedRight,
  fromMs: number,
  toMs: number,
  use: RightUse,
): Pieces {
  switch (right.kind) {
    case "covered":
      return afterCovered(right.untilMs ?? Infinity, fromMs, toMs, use);
    case "pass":
      return outsidePass(tariff, right, fromMs, toMs, use);
    case "reservation":
      return outsideReservation(tariff, right, fromMs, toMs, use);
    default:
      return right satisfies never;
  }
}

function afterCovered(untilMs: number, fromMs: number, toMs: number, use: RightUse): Pieces {
  if (untilMs <= fromMs) return [fromMs, toMs];
  use.used ||= toMs > fromMs;
  use.coveredMs += Math.min(untilMs, toMs) - fromMs;
  return untilMs < toMs ? [untilMs, toMs] : [];
}

function outsidePass(
  tariff: CompiledTariff,
  right: PricedRight & { kind: "pass" },
  fromMs: number,
  toMs: number,
  use: RightUse,
): Pieces {
  const table = tariff.passes.get(right.pass)?.table ?? null;
  const endMs = Math.min(toMs, right.untilMs ?? Infinity);
  let leftMs = right.remainingMinutes === null ? Infinity : right.remainingMinutes * MIN_MS - use.passMs;
  if (right.untilMs !== null && right.untilMs <= fromMs) return [fromMs, toMs];
  const pieces: number[] = [];
  const cursor = table === null ? null : new BandCursor(table);
  cursor?.seek(fromMs, endMs);
  let chargedFromMs = fromMs;
  let atMs = fromMs;
  do {
    cursor?.next();
    const untilMs = cursor?.toMs ?? endMs;
    if (leftMs > 0 && (cursor?.band ?? 0) === 0) {
      const usedMs = Math.min(untilMs - atMs, leftMs);
      if (atMs > chargedFromMs) pieces.push(chargedFromMs, atMs);
      chargedFromMs = atMs + usedMs;
      use.used ||= usedMs > 0;
      use.passMs += usedMs;
      leftMs -= usedMs;
      if (fromMs === toMs) return [];
    }
    atMs = untilMs;
  } while (atMs < endMs && leftMs > 0);
  if (toMs > chargedFromMs || fromMs === toMs) pieces.push(chargedFromMs, toMs);
  return pieces;
}

function outsideReservation(
  { tariff: { reservation } }: CompiledTariff,
  right: PricedRight & { kind: "reservation" },
  fromMs: number,
  toMs: number,
  use: RightUse,
): Pieces {
  const pieces: number[] = [];
  const untilMs = Math.max(right.fromMs, right.untilMs);
  if (fromMs < right.fromMs) {
    const endMs = Math.min(right.fromMs, toMs);
    use.earlyMs += endMs - fromMs;
    if (reservation.early === "plan") pieces.push(fromMs, endMs);
    else if (reservation.early !== "free") use.earlyMinor += startedUnits(reservation.early, endMs - fromMs);
  }
  use.coveredMs += Math.max(0, Math.min(toMs, untilMs) - Math.max(fromMs, right.fromMs));
  if (toMs > untilMs || (fromMs === toMs && fromMs >= untilMs)) {
    const beginMs = Math.max(fromMs, untilMs);
    use.overstayMs += toMs - beginMs;
    if (reservation.overstay === "plan") pieces.push(beginMs, toMs);
    else use.overstayMinor += startedUnits(reservation.overstay, toMs - beginMs);
  }
  return pieces;
}

function startedUnits({ unitMs, priceMinor }: UnitPrice, lengthMs: number): number {
  return Math.ceil(lengthMs / unitMs) * priceMinor;
}
