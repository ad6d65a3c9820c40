import { startOfLocalDayMs, zoneClockOf, type ZoneClock } from "@parkme/shared/domain/local-day";
import type { Profile, StayKind } from "./profiles.ts";
import type { Random } from "./random.ts";

/** One who comes, and for how long. */
export type Coming = { readonly atMs: number; readonly stayMs: number };

export type ArrivalPlan = {
  readonly profile: Profile;
  /** Usual vehicles of a mean day; those of events come on top. */
  readonly perDay: number;
  readonly timeZone: string;
  /** Unix ms. */
  readonly fromMs: number;
  readonly untilMs: number;
};

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const DAY_MS = 24 * HOUR_MS;
const SHORTEST_STAY_MS = 2 * MINUTE_MS;
const LONGEST_STAY_MS = 40 * DAY_MS;

/**
 * Everybody who comes between two moments, in order of arrival; times are Unix ms. Arrivals are a Poisson process whose
 * rate goes by the local hour and the weekday, drawn by thinning (Lewis and Shedler 1979), so that a day of 23 or 25
 * hours has the arrivals of its hours.
 */
export function drawArrivals(plan: ArrivalPlan, random: Random): Coming[] {
  const usual = drawUsual(plan, random.fork("usual"), random.fork("stays"));
  return [...usual, ...drawEvents(plan, random.fork("events"))].toSorted((a, b) => a.atMs - b.atMs);
}

function drawUsual(plan: ArrivalPlan, random: Random, stays: Random): Coming[] {
  const { profile, perDay, timeZone, fromMs, untilMs } = plan;
  const comings: Coming[] = [];
  const rates = ratesOf(profile, perDay);
  const peak = Math.max(...rates);
  if (peak <= 0) return comings;
  const clock = zoneClockOf(timeZone);
  for (let atMs = fromMs; ;) {
    atMs += random.exponential(HOUR_MS / peak);
    if (atMs >= untilMs) return comings;
    if (random.next() * peak < (rates[hourOfWeek(atMs, clock)] ?? 0))
      comings.push({ atMs: Math.round(atMs), stayMs: drawStay(plan, atMs, stays) });
  }
}

/** How many come in an hour like the one around this moment. */
export function arrivalsPerHour(profile: Profile, perDay: number, atMs: number, timeZone: string): number {
  return ratesOf(profile, perDay)[hourOfWeek(atMs, zoneClockOf(timeZone))] ?? 0;
}

/** For each hour of a week, from Sunday at midnight, how many come in it. */
function ratesOf({ workday, weekend, weekdays }: Profile, perDay: number): number[] {
  const whole = sum(weekdays);
  return weekdays.flatMap((busyness, weekday) => {
    const shape = weekday === 0 || weekday === 6 ? weekend : workday;
    const ofDay = (perDay * 7 * busyness) / whole / sum(shape);
    return shape.map((share) => share * ofDay);
  });
}

/** The local hour of the week, from Sunday at midnight. */
function hourOfWeek(atMs: number, clock: ZoneClock): number {
  const localMs = atMs + clock.spanAt(atMs).offsetMs;
  // The first of January 1970 was a Thursday.
  return (Math.floor(localMs / HOUR_MS) + 4 * 24) % (7 * 24);
}

/** For how long somebody stays who comes now, ms. */
export function drawStay(
  { profile, timeZone }: Pick<ArrivalPlan, "profile" | "timeZone">,
  atMs: number,
  random: Random,
) {
  const hour = hourOfWeek(atMs, zoneClockOf(timeZone)) % 24;
  const kinds = profile.stays.filter(({ arriving }) => arriving === undefined || isWithin(hour, arriving));
  const kind = pickWeighted(kinds, random);
  const medianMs = kind.medianMinutes * MINUTE_MS;
  // A log-normal's mean is its median times e^(sigma² / 2).
  const stayMs = random.logNormal(medianMs * Math.exp(kind.sigma ** 2 / 2), kind.sigma);
  return Math.round(Math.min(Math.max(stayMs, SHORTEST_STAY_MS), LONGEST_STAY_MS));
}

function isWithin(hour: number, [from, until]: readonly [number, number]): boolean {
  return hour >= from && hour < until;
}

function pickWeighted(kinds: readonly StayKind[], random: Random): StayKind {
  let left = random.next() * sum(kinds.map(({ weight }) => weight));
  for (const kind of kinds) {
    left -= kind.weight;
    if (left < 0) return kind;
  }
  return random.pick(kinds);
}

/** Doors open 90 minutes before; most come in the last hour of these, and hardly anybody is late. */
const DOORS_MS = 90 * MINUTE_MS;
const EVENT_START_HOURS = [15, 19, 20];

/** Events, each with all who come for it: they come before it begins, and head for the exits when it ends. */
function drawEvents(plan: ArrivalPlan, random: Random): Coming[] {
  const { profile, perDay, timeZone, fromMs, untilMs } = plan;
  const comings: Coming[] = [];
  const firstDayMs = startOfLocalDayMs(fromMs, timeZone);
  for (let day = 0; firstDayMs + day * DAY_MS < untilMs; day += 1) {
    const event = random.fork(`day ${day}`);
    if (!event.chance(1 / profile.eventEveryDays)) continue;
    const dayMs = startOfLocalDayMs(firstDayMs + day * DAY_MS + 12 * HOUR_MS, timeZone);
    const beginsMs = dayMs + event.pick(EVENT_START_HOURS) * HOUR_MS;
    const endsMs = beginsMs + (100 + event.int(80)) * MINUTE_MS;
    const visitors = Math.round(perDay * profile.eventFactor * (0.6 + 0.8 * event.next()));
    for (let i = 0; i < visitors; i += 1) {
      // The larger of two draws: few come early, many come late.
      const atMs = Math.round(beginsMs - DOORS_MS * (1 - Math.max(event.next(), event.next())));
      const leavesMs = endsMs + event.exponential(8 * MINUTE_MS);
      if (atMs >= fromMs && atMs < untilMs) comings.push({ atMs, stayMs: Math.round(leavesMs - atMs) });
    }
  }
  return comings;
}

function sum(values: readonly number[]): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
