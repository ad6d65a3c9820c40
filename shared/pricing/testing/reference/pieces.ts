import type { StayToPrice } from "../../quote-model.ts";
import type { DayRule, Plan, Tariff, Window } from "../../tariff-model.ts";
import { dayOf, MINUTE_MS, momentOf, windowOn } from "./local.ts";

const DAY_MS = 24 * 60 * MINUTE_MS;

/** A piece of a stay in which nothing changes: one band, one day, to be paid for or not. */
export type Piece = {
  readonly fromMs: number;
  readonly toMs: number;
  /** Its place in the plan's bands. */
  readonly band: number;
  /** Days of the plan's day rule, counted from the one of the entry. */
  readonly day: number;
  readonly free: "no" | "grace" | "right" | "early" | "overstay";
};

/** The stay cut at every moment at which anything might change. Until `freeUntilMs` it costs nothing. */
export function piecesOf(
  tariff: Tariff,
  plan: Plan,
  stay: StayToPrice,
  freeUntilMs = stay.entryMs + graceMs(tariff, stay),
): Piece[] {
  const zone = tariff.timeZone;
  const { entryMs } = stay;
  const exitMs = Math.max(entryMs, stay.exitMs);
  const days = dayStarts(plan.day, entryMs, exitMs, zone);
  const cuts = new Set([entryMs, exitMs, freeUntilMs, ...days]);
  const pass = stay.right?.kind === "pass" ? tariff.passes[stay.right.pass] : undefined;
  const windows = [...plan.bands.flatMap((band) => band.windows), ...(pass?.windows ?? [])];
  for (let day = dayOf(entryMs, zone) - 2; day <= dayOf(exitMs, zone) + 1; day++) {
    for (const window of windows) {
      const span = windowOn(day, window, tariff.holidays, zone);
      if (span !== null) cuts.add(span.fromMs).add(span.toMs);
    }
  }
  if (stay.right?.kind === "reservation") cuts.add(stay.right.fromMs);
  if (stay.right != null && stay.right.untilMs !== null) cuts.add(stay.right.untilMs);
  const sorted = [...cuts].filter((at) => at >= entryMs && at <= exitMs).sort((a, b) => a - b);
  // A stay of no length is one piece of no length.
  const ends = sorted.length === 1 ? sorted : sorted.slice(1);
  const pieces = ends.map((toMs, i): Piece => {
    const fromMs = sorted[i] ?? entryMs;
    return {
      fromMs,
      toMs,
      band: plan.bands.findIndex((band) => isInForce(band.windows, fromMs, tariff)),
      day: days.filter((start) => start <= fromMs).length,
      free: fromMs < freeUntilMs ? "grace" : "no",
    };
  });
  return withRight(tariff, stay, pieces);
}

/** Takes off the time that a right pays for, and marks what is paid for in another way. */
function withRight(tariff: Tariff, stay: StayToPrice, pieces: readonly Piece[]): Piece[] {
  const { right } = stay;
  if (right == null) return [...pieces];
  if (right.kind === "covered") {
    return pieces.map((piece) =>
      piece.free === "no" && (right.untilMs === null || piece.fromMs < right.untilMs)
        ? { ...piece, free: "right" }
        : piece,
    );
  }
  if (right.kind === "reservation") {
    const { early, overstay } = tariff.reservation;
    return pieces.map((piece) => {
      if (piece.free !== "no") return piece;
      if (piece.fromMs < right.fromMs) {
        return early === "plan" ? piece : { ...piece, free: early === "free" ? "right" : "early" };
      }
      if (piece.fromMs < right.untilMs) return { ...piece, free: "right" };
      return overstay === "plan" ? piece : { ...piece, free: "overstay" };
    });
  }
  const windows = tariff.passes[right.pass]?.windows ?? [];
  let leftMs = right.remainingMinutes === null ? Infinity : right.remainingMinutes * MINUTE_MS;
  return pieces.flatMap((piece): Piece[] => {
    const over = right.untilMs !== null && piece.fromMs >= right.untilMs;
    if (piece.free !== "no" || over || !isInForce(windows, piece.fromMs, tariff)) return [piece];
    if (piece.fromMs === piece.toMs) return [{ ...piece, free: leftMs > 0 ? "right" : "no" }];
    const paid = Math.min(leftMs, piece.toMs - piece.fromMs);
    leftMs -= paid;
    const split = piece.fromMs + paid;
    return [
      { ...piece, toMs: split, free: "right" as const },
      { ...piece, fromMs: split },
    ].filter(({ fromMs, toMs }) => fromMs < toMs);
  });
}

/** How much of a stay is free at its beginning, ms. */
export function graceMs(tariff: Tariff, stay: StayToPrice): number {
  let total = tariff.graces.continuousMs;
  for (const { value } of stay.validations ?? []) {
    if (value.kind === "minutes") total += value.minutes * MINUTE_MS;
  }
  return total;
}

/** Whether one of the windows is around a moment; no windows = always. */
function isInForce(windows: readonly Window[], atMs: number, tariff: Tariff): boolean {
  if (windows.length === 0) return true;
  const today = dayOf(atMs, tariff.timeZone);
  return windows.some((window) =>
    [today - 2, today - 1, today, today + 1].some((day) => {
      const span = windowOn(day, window, tariff.holidays, tariff.timeZone);
      return span !== null && span.fromMs <= atMs && atMs < span.toMs;
    }),
  );
}

/** The moments after the entry at which a new day of the rule begins. */
function dayStarts(rule: DayRule, entryMs: number, exitMs: number, zone: string): number[] {
  const starts: number[] = [];
  if (rule.kind === "rolling") {
    for (let at = entryMs + DAY_MS; at < exitMs; at += DAY_MS) starts.push(at);
    return starts;
  }
  const minute = rule.kind === "calendar" ? 0 : rule.startMinute;
  const entryDay = dayOf(entryMs, zone);
  // A hotel's first day ends at the check-out of the day after, never on the day of arrival.
  const first = rule.kind === "night" ? entryDay + 1 : entryDay;
  for (let day = first; momentOf(day, minute, zone) < exitMs; day++) {
    const at = momentOf(day, minute, zone);
    if (at > entryMs) starts.push(at);
  }
  return starts;
}
