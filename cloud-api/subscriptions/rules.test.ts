import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  addPeriods,
  costOfChange,
  quotaSince,
  spreadRefund,
  termEnd,
  unusedMinor,
  type PaidPeriod,
  type Term,
} from "./rules.ts";

const ZONES = ["Europe/Berlin", "Asia/Tokyo", "America/New_York", "America/Sao_Paulo", "Australia/Lord_Howe"];
const period = fc.constantFrom<Term["period"][]>("day", "week", "month", "year");
const zone = fc.constantFrom(...ZONES);
const moment = fc.integer({ min: Date.UTC(2020, 0, 1), max: Date.UTC(2035, 0, 1) });
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const utc = (text: string) => Date.parse(text);

describe("terms", () => {
  it("go by the facility's clocks", () => {
    const berlin = (text: string, of: Term["period"], count: number) =>
      new Date(addPeriods(utc(text), of, count, "Europe/Berlin")).toISOString();
    // Clocks change on 2026-10-25 and 2026-03-29.
    expect(berlin("2026-10-24T10:00:00Z", "day", 1)).toBe("2026-10-25T11:00:00.000Z");
    expect(berlin("2026-03-28T11:00:00Z", "week", 1)).toBe("2026-04-04T10:00:00.000Z");
    expect(berlin("2026-01-30T23:30:00Z", "month", 1)).toBe("2026-02-27T23:30:00.000Z");
    expect(berlin("2028-02-29T08:00:00Z", "year", 1)).toBe("2029-02-28T08:00:00.000Z");
    expect(berlin("2026-07-15T12:00:00.123Z", "month", 6)).toBe("2027-01-15T13:00:00.123Z");
  });

  it("keep the day of the month across a short one", () => {
    const anchor = utc("2026-01-31T12:00:00Z");
    const ends = [1, 2, 3].map((n) =>
      new Date(termEnd(anchor, { period: "month", periods: 1 }, n, "Asia/Tokyo")).toISOString().slice(0, 10),
    );
    expect(ends).toEqual(["2026-02-28", "2026-03-31", "2026-04-30"]);
  });

  it("follow each other, and are about as long as their name says", () => {
    const about = { day: 1, week: 7, month: 30.4, year: 365.25 };
    fc.assert(
      fc.property(moment, period, fc.integer({ min: 1, max: 24 }), zone, (fromMs, of, count, timeZone) => {
        const ends = [0, 1, 2].map((n) => addPeriods(fromMs, of, n * count, timeZone));
        const [first = 0, second = 0, third = 0] = ends;
        expect(first).toBe(fromMs);
        expect(second).toBeGreaterThan(first);
        expect(third).toBeGreaterThan(second);
        expect(Math.abs((second - first) / DAY / count - about[of])).toBeLessThan(3);
      }),
    );
  });

  it("have quotas that count in the period around a moment", () => {
    fc.assert(
      fc.property(moment, period, fc.integer({ min: 0, max: 900 }), zone, (anchorMs, of, days, timeZone) => {
        const atMs = anchorMs + days * DAY + 1;
        const since = quotaSince(anchorMs, of, atMs, timeZone);
        expect(since).toBeLessThanOrEqual(atMs);
        expect(since).toBeGreaterThanOrEqual(anchorMs);
        // The next one has not begun.
        const months = { day: 0, week: 0, month: 1, year: 12 }[of];
        const most = of === "day" ? 1.05 * DAY : of === "week" ? 7.05 * DAY : (months * 31 + 1) * DAY;
        expect(atMs - since).toBeLessThanOrEqual(most);
      }),
    );
  });
});

describe("what is left of a term", () => {
  const use = fc
    .record({
      fromMs: moment,
      lengthMs: fc.integer({ min: 1, max: 400 * DAY }),
      stays: fc.option(
        fc.record({ used: fc.integer({ min: 0, max: 200 }), quota: fc.integer({ min: 1, max: 100 }) }),
      ),
    })
    .map(({ fromMs, lengthMs, stays }) => ({ fromMs, untilMs: fromMs + lengthMs, stays }));
  const value = fc.integer({ min: 0, max: 1_000_000_000_000 });

  it("is whole minor units between nothing and all of it, and never grows", () => {
    fc.assert(
      fc.property(value, use, moment, fc.integer({ min: 0, max: 400 * DAY }), (worth, its, atMs, laterMs) => {
        const now = unusedMinor(worth, its, atMs);
        const later = unusedMinor(worth, its, atMs + laterMs);
        expect(Number.isSafeInteger(now)).toBe(true);
        expect(now).toBeGreaterThanOrEqual(0);
        expect(now).toBeLessThanOrEqual(worth);
        expect(later).toBeLessThanOrEqual(now);
      }),
    );
  });

  it("is all of it before it begins, and nothing when it is over", () => {
    fc.assert(
      fc.property(value, use, (worth, its) => {
        const unused = { ...its, stays: null };
        expect(unusedMinor(worth, unused, its.fromMs)).toBe(worth);
        expect(unusedMinor(worth, unused, its.fromMs - 5)).toBe(worth);
        expect(unusedMinor(worth, its, its.untilMs)).toBe(0);
        const stays = its.stays ?? { used: 0, quota: 1 };
        expect(unusedMinor(worth, { ...its, stays: { ...stays, used: stays.quota } }, its.fromMs)).toBe(0);
      }),
    );
  });

  it("is exact", () => {
    const month = { fromMs: 0, untilMs: 30 * DAY, stays: null };
    expect(unusedMinor(10_000, month, 10 * DAY)).toBe(6_666);
    expect(unusedMinor(10_000, { ...month, stays: { used: 9, quota: 10 } }, 10 * DAY)).toBe(1_000);
    expect(unusedMinor(999_999_999_999, month, 1)).toBe(999_999_999_613);
  });
});

describe("money back", () => {
  it("is what the change leaves over", () => {
    expect(costOfChange(60, 100)).toEqual({ dueMinor: 40, backMinor: 0 });
    expect(costOfChange(100, 60)).toEqual({ dueMinor: 0, backMinor: 40 });
    expect(costOfChange(100, 100)).toEqual({ dueMinor: 0, backMinor: 0 });
  });

  it("comes from the newest payments, and is never more than was paid", () => {
    const paid = fc.array(
      fc.record({ paidMinor: fc.integer({ min: 0, max: 500 }), given: fc.integer({ min: 0, max: 500 }) }),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(paid, fc.integer({ min: 0, max: 3_000 }), (all, amountMinor) => {
        const periods = all.map(({ paidMinor, given }, i): PaidPeriod => {
          const refundMinor = Math.min(given, paidMinor);
          return { number: i + 1, paymentId: `p${i}`, paidMinor, refundMinor };
        });
        const refunds = spreadRefund(periods, amountMinor);
        const left = periods.reduce((sum, its) => sum + its.paidMinor - its.refundMinor, 0);
        const given = refunds.reduce((sum, its) => sum + its.amountMinor, 0);
        expect(given).toBe(Math.min(left, amountMinor));
        for (const { number, amountMinor: part } of refunds) {
          const of = periods[number - 1];
          expect(part).toBeGreaterThan(0);
          expect(part).toBeLessThanOrEqual((of?.paidMinor ?? 0) - (of?.refundMinor ?? 0));
        }
      }),
    );
  });

  /** Somebody who changes between plans again and again, and leaves in the end. */
  it("is, over any chain of changes, covered by what was paid, and leaves the time that was used paid", () => {
    const step = fc.record({
      price: fc.integer({ min: 0, max: 100_000 }),
      days: fc.integer({ min: 0, max: 40 }),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 8 }), (steps) => {
        let periods: PaidPeriod[] = [];
        let current = { value: 0, fromMs: 0, untilMs: 0 };
        let nowMs = 0;
        const back = (amount: number): number => {
          const refunds = spreadRefund(periods, amount);
          periods = periods.map((its) => ({
            ...its,
            refundMinor:
              its.refundMinor + (refunds.find(({ number }) => number === its.number)?.amountMinor ?? 0),
          }));
          return refunds.reduce((sum, its) => sum + its.amountMinor, 0);
        };
        const unused = () => unusedMinor(current.value, { ...current, stays: null }, nowMs);
        for (const { price, days } of steps) {
          const cost = costOfChange(unused(), price);
          const number = periods.length + 1;
          periods.push({ number, paymentId: `p${number}`, paidMinor: cost.dueMinor, refundMinor: 0 });
          expect(back(cost.backMinor)).toBe(cost.backMinor);
          current = { value: price, fromMs: nowMs, untilMs: nowMs + 30 * DAY };
          nowMs += days * DAY;
        }
        const left = unused();
        expect(back(left)).toBe(left);
        const net = periods.reduce((sum, its) => sum + its.paidMinor - its.refundMinor, 0);
        expect(net).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});
