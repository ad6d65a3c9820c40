import { localTimeOf } from "@parkme/shared/domain/local-day";
import { describe, expect, it } from "vitest";
import { arrivalsPerHour, drawArrivals, drawStay, type ArrivalPlan, type Coming } from "./arrivals.ts";
import { PROFILE_NAMES, PROFILES, type ProfileName } from "./profiles.ts";
import { createRandom } from "./random.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const BERLIN = "Europe/Berlin";
/** A Monday at midnight in Berlin, in winter. */
const MONDAY_MS = Date.UTC(2026, 0, 11, 23);

function plan(name: ProfileName, days: number, fromMs = MONDAY_MS): ArrivalPlan {
  return { profile: PROFILES[name], perDay: 500, timeZone: BERLIN, fromMs, untilMs: fromMs + days * DAY_MS };
}

const draw = (name: ProfileName, days: number, seed = "a"): Coming[] =>
  drawArrivals(plan(name, days), createRandom(seed));
const within = (comings: readonly Coming[], fromMs: number, untilMs: number): Coming[] =>
  comings.filter(({ atMs }) => atMs >= fromMs && atMs < untilMs);
const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

describe("arrivals", () => {
  it.each(PROFILE_NAMES)("of %s come in order, within the time, the same for the same seed", (name) => {
    const comings = draw(name, 7);
    expect(comings).toEqual(draw(name, 7));
    expect(comings).not.toEqual(draw(name, 7, "b"));
    for (const [i, { atMs, stayMs }] of comings.entries()) {
      expect(atMs).toBeGreaterThanOrEqual(comings[i - 1]?.atMs ?? MONDAY_MS);
      expect(atMs).toBeLessThan(MONDAY_MS + 7 * DAY_MS);
      expect(Number.isInteger(stayMs) && stayMs > 0).toBe(true);
    }
  });

  it.each(["commuter", "mall", "airport", "private"] as const)(
    "of %s are as many in a week as was asked",
    (name) => {
      // 3,500 expected: four standard deviations of a Poisson number are 237.
      expect(Math.abs(draw(name, 7).length - 3_500)).toBeLessThan(237);
    },
  );

  it.each(PROFILE_NAMES)("of %s have hours that add up to a mean day", (name) => {
    let sum = 0;
    for (let hour = 0; hour < 7 * 24; hour += 1)
      sum += arrivalsPerHour(PROFILES[name], 100, MONDAY_MS + hour * HOUR_MS, BERLIN);
    expect(sum / 7).toBeCloseTo(100, 6);
  });

  it("follow the day: commuters in the morning, shoppers on Saturday, nobody at three at night", () => {
    const commuters = draw("commuter", 1);
    const morning = within(commuters, MONDAY_MS + 6 * HOUR_MS, MONDAY_MS + 10 * HOUR_MS);
    expect(morning.length / commuters.length).toBeGreaterThan(0.5);
    const week = draw("mall", 7);
    const day = (index: number): number =>
      within(week, MONDAY_MS + index * DAY_MS, MONDAY_MS + (index + 1) * DAY_MS).length;
    expect(day(5)).toBeGreaterThan(1.4 * day(1));
    expect(day(6)).toBeLessThan(0.6 * day(1));
    expect(within(week, MONDAY_MS + 2 * HOUR_MS, MONDAY_MS + 5 * HOUR_MS)).toEqual([]);
  });

  it("go by the clocks on the wall, also on the day that has 23 hours", () => {
    const springMs = Date.UTC(2026, 2, 28, 23);
    const rate = (atMs: number): number => arrivalsPerHour(PROFILES.private, 1_000, atMs, BERLIN);
    const hours = (fromMs: number, count: number): number =>
      Array.from({ length: count }, (_, i) => rate(fromMs + i * HOUR_MS)).reduce((a, b) => a + b);
    const weekBeforeMs = springMs - 7 * DAY_MS;
    expect(localTimeOf(springMs + 2 * HOUR_MS, BERLIN).minute).toBe(180);
    expect(rate(weekBeforeMs + 2 * HOUR_MS)).toBeGreaterThan(5);
    expect(hours(springMs, 23)).toBeCloseTo(hours(weekBeforeMs, 24) - rate(weekBeforeMs + 2 * HOUR_MS), 6);
  });

  it("stay as their reasons say: a working day, an errand, days on end", () => {
    const stays = (name: ProfileName, hour: number): number[] => {
      const random = createRandom(`${name} ${hour}`);
      return Array.from({ length: 3_000 }, () => drawStay(plan(name, 1), MONDAY_MS + hour * HOUR_MS, random));
    };
    expect(median(stays("commuter", 8)) / HOUR_MS).toBeGreaterThan(7);
    expect(median(stays("commuter", 8)) / HOUR_MS).toBeLessThan(10);
    expect(median(stays("commuter", 14)) / HOUR_MS).toBeLessThan(5);
    expect(median(stays("mall", 13)) / HOUR_MS).toBeLessThan(2);
    const travellers = stays("airport", 12).filter((stayMs) => stayMs > DAY_MS).length / 3_000;
    expect(travellers).toBeGreaterThan(0.25);
    expect(travellers).toBeLessThan(0.45);
  });

  it("of an event come within 90 minutes and leave together", () => {
    const comings = draw("venue", 7);
    const usual = PROFILES.venue;
    const calm = drawArrivals(
      { ...plan("venue", 7), profile: { ...usual, eventEveryDays: Infinity } },
      createRandom("a"),
    );
    const usually = new Set(calm.map(({ atMs }) => atMs));
    const visitors = comings.filter(({ atMs }) => !usually.has(atMs));
    expect(visitors.length).toBeGreaterThan(1_000);
    const byDay = new Map<string, Coming[]>();
    for (const one of visitors) {
      const { date } = localTimeOf(one.atMs, BERLIN);
      byDay.set(date, [...(byDay.get(date) ?? []), one]);
    }
    for (const event of byDay.values()) {
      const first = event[0]?.atMs ?? 0;
      expect((event.at(-1)?.atMs ?? 0) - first).toBeLessThanOrEqual(90 * 60_000);
      const leaving = event.map(({ atMs, stayMs }) => atMs + stayMs).toSorted((a, b) => a - b);
      const half = (leaving[leaving.length >> 1] ?? 0) - (leaving[0] ?? 0);
      expect(half).toBeLessThan(10 * 60_000);
    }
  });
});
