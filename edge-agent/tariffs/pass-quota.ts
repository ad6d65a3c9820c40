import { startOfLocalDayMs, localTimeOf, zoneClockOf } from "@parkme/shared/domain/local-day";
import type { Pass, Tariff } from "@parkme/shared/pricing/tariff-model";
import type { PassQuota } from "../store/priced-rights.ts";

/**
 * How much a pass of a tariff pays for, and since when its minutes count: the day, week (from Monday) or month of a
 * moment on the facility's clocks, or all of the pass's life. Null = the tariff has no such pass.
 */
export function passQuota(tariff: Tariff, pass: string, atMs: number): PassQuota | null {
  const known = tariff.passes[pass];
  if (known === undefined) return null;
  return { quotaMinutes: known.quotaMinutes, sinceMs: periodStart(known.period, atMs, tariff.timeZone) };
}

function periodStart(period: Pass["period"], atMs: number, timeZone: string): number {
  if (period === "pass") return 0;
  if (period === "day") return startOfLocalDayMs(atMs, timeZone);
  const { date, weekday } = localTimeOf(atMs, timeZone);
  const [year = 0, month = 1, day = 1] = date.split("-").map(Number);
  const first = period === "month" ? 1 : day - ((weekday + 6) % 7);
  return zoneClockOf(timeZone).momentOf(Date.UTC(year, month - 1, first));
}
