import { zoneClockOf } from "@parkme/shared/domain/local-day";

/** Terms of subscriptions and what is left of them. Pure: times are Unix milliseconds, amounts minor units. */

export type Term = {
  readonly period: "day" | "week" | "month" | "year";
  /** So many of them are paid at once. */
  readonly periods: number;
};

const DAY_MS = 86_400_000;
const MONTHS = { month: 1, year: 12 } as const;

/**
 * The moment so many days, weeks, months or years after another, at the same time of the facility's clocks. Of a month
 * that has no such day, the last day: counted from the first of all moments, a later month has it again.
 */
export function addPeriods(fromMs: number, period: Term["period"], count: number, timeZone: string): number {
  if (count === 0) return fromMs;
  const clock = zoneClockOf(timeZone);
  const localMs = fromMs + clock.spanAt(fromMs).offsetMs;
  if (period === "day" || period === "week")
    return clock.momentOf(localMs + count * (period === "week" ? 7 : 1) * DAY_MS);
  const local = new Date(localMs);
  const month = local.getUTCMonth() + count * MONTHS[period];
  const first = Date.UTC(local.getUTCFullYear(), month, 1);
  const daysInMonth = new Date(Date.UTC(local.getUTCFullYear(), month + 1, 0)).getUTCDate();
  const day = Math.min(local.getUTCDate(), daysInMonth);
  const timeOfDayMs = ((localMs % DAY_MS) + DAY_MS) % DAY_MS;
  return clock.momentOf(first + (day - 1) * DAY_MS + timeOfDayMs);
}

/** The end of the `number`th term (from 1) after an anchor: terms join without gaps. */
export function termEnd(
  anchorMs: number,
  { period, periods }: Term,
  number: number,
  timeZone: string,
): number {
  return addPeriods(anchorMs, period, periods * number, timeZone);
}

/** More than any term has: a day's pass for some years. */
const MAX_PERIODS = 4_000;

/** When the period began in which the stays of a quota count at `atMs`: the one of the anchor, before it. */
export function quotaSince(anchorMs: number, period: Term["period"], atMs: number, timeZone: string): number {
  let [low, high] = [0, 1];
  while (high < MAX_PERIODS && addPeriods(anchorMs, period, high, timeZone) <= atMs) {
    low = high;
    high *= 2;
  }
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (addPeriods(anchorMs, period, middle, timeZone) <= atMs) low = middle;
    else high = middle;
  }
  return addPeriods(anchorMs, period, low, timeZone);
}

/** What is used up of a term: its time, and where it has a quota, its stays. */
export type Use = {
  readonly fromMs: number;
  readonly untilMs: number;
  /** Of the whole term; null = any number. */
  readonly stays: { readonly used: number; readonly quota: number } | null;
};

/**
 * What is left of a term's value at a moment, rounded down: the share of its time that is to come, or of its stays where
 * fewer of them are left. Never more than the value, and never less than nothing.
 */
export function unusedMinor(valueMinor: number, { fromMs, untilMs, stays }: Use, atMs: number): number {
  const wholeMs = untilMs - fromMs;
  const leftMs = Math.min(wholeMs, Math.max(0, untilMs - atMs));
  const byTime = wholeMs <= 0 ? 0 : share(valueMinor, leftMs, wholeMs);
  if (stays === null) return byTime;
  const left = Math.min(stays.quota, Math.max(0, stays.quota - stays.used));
  return Math.min(byTime, stays.quota <= 0 ? 0 : share(valueMinor, left, stays.quota));
}

/** `amount * part / whole`, rounded down, without loss on the way. */
function share(amount: number, part: number, whole: number): number {
  return Number((BigInt(amount) * BigInt(Math.floor(part))) / BigInt(Math.floor(whole)));
}

/** What a change of plan costs, and what it gives back. */
export type ChangeCost = { readonly dueMinor: number; readonly backMinor: number };

export function costOfChange(unused: number, newPriceMinor: number): ChangeCost {
  return {
    dueMinor: Math.max(0, newPriceMinor - unused),
    backMinor: Math.max(0, unused - newPriceMinor),
  };
}

/** What was paid for a period, and what of that was given back or is to be. */
export type PaidPeriod = {
  readonly number: number;
  readonly paymentId: string | null;
  readonly paidMinor: number;
  readonly refundMinor: number;
};
export type PeriodRefund = {
  readonly number: number;
  readonly paymentId: string | null;
  readonly amountMinor: number;
};

/** Spreads what is to be given back over what was paid, the newest payment first: never more than a payment has left. */
export function spreadRefund(periods: readonly PaidPeriod[], amountMinor: number): readonly PeriodRefund[] {
  let left = amountMinor;
  const refunds: PeriodRefund[] = [];
  for (const period of periods.toSorted((a, b) => b.number - a.number)) {
    const part = Math.min(left, Math.max(0, period.paidMinor - period.refundMinor));
    if (part <= 0) continue;
    refunds.push({ number: period.number, paymentId: period.paymentId, amountMinor: part });
    left -= part;
  }
  return refunds;
}

/** Whether the gate lets it in now or later. */
export function isExhausted(quotaStays: number | null, usedStays: number): boolean {
  return quotaStays !== null && usedStays >= quotaStays;
}

/** How long what a change of plan costs is good. */
export const CHANGE_MS = 3_600_000;

export function isStale(due: { readonly kind: string; readonly madeAt: Date }, now: Date): boolean {
  return due.kind === "change" && due.madeAt.getTime() + CHANGE_MS <= now.getTime();
}

/** How long what was asked for and not paid is kept. */
export const PENDING_MS = 24 * 3_600_000;
/** So long before a term is over the next one can be paid. */
export const RENEWAL_MS = 7 * DAY_MS;
/** How far ahead one may begin. */
export const MAX_AHEAD_MS = 90 * DAY_MS;
/** Clocks of clients differ. */
export const PAST_MS = 5 * 60_000;
