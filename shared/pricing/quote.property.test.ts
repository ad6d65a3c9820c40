import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { localTimeOf, zoneClockOf } from "../domain/local-day.ts";
import type { StayToPrice } from "./quote-model.ts";
import { risesWithTime } from "./rises.ts";
import type { Window } from "./tariff-model.ts";
import {
  anyCircumstances,
  anyDay,
  anyEntry,
  anyLength,
  anyTariff,
  anyValidation,
  anyWindow,
  ZONES,
} from "./testing/any-tariff.ts";
import {
  bandOf,
  DAY_MS,
  HOUR_MS,
  perUnit,
  planOf,
  priced,
  slabsOf,
  tariffWith,
  tiersOf,
} from "./testing/plans.ts";

const MIN_MS = 60_000;

const anyStay: fc.Arbitrary<StayToPrice> = fc
  .tuple(anyEntry, anyLength, anyCircumstances)
  .map(([entryMs, lengthMs, rest]) => ({ entryMs, exitMs: entryMs + lengthMs, ...rest }));

describe("every quote of every tariff", () => {
  it("is the sum of its trace and of its parts, in whole minor units of one currency", () => {
    fc.assert(
      fc.property(anyTariff, anyStay, (tariff, stay) => {
        const quoted = priced(tariff, stay);
        const { base, discounts, validated, penalties, rounding, tax, total, trace } = quoted;
        const amounts = [base, discounts, validated, penalties, rounding, tax, total];
        for (const { amountMinor, currency } of amounts) {
          expect(Number.isSafeInteger(amountMinor)).toBe(true);
          expect(currency).toBe(tariff.currency);
        }
        const added = quoted.taxIncluded ? 0 : tax.amountMinor;
        expect(total.amountMinor).toBe(
          base.amountMinor - discounts.amountMinor + penalties.amountMinor + rounding.amountMinor + added,
        );
        expect(trace.reduce((sum, line) => sum + line.amountMinor, 0)).toBe(total.amountMinor);
        expect(trace.every((line) => Number.isSafeInteger(line.amountMinor) && line.text !== "")).toBe(true);
        expect(trace.length).toBeGreaterThan(0);
        expect(trace.length).toBeLessThanOrEqual(60);
        expect(validated.amountMinor).toBeGreaterThanOrEqual(0);
        expect(validated.amountMinor).toBeLessThanOrEqual(discounts.amountMinor);
        for (const { amountMinor } of [base, discounts, penalties, tax, total])
          expect(amountMinor).toBeGreaterThanOrEqual(0);
        const pass = stay.right?.kind === "pass" ? (stay.right.remainingMinutes ?? Infinity) : 0;
        expect(quoted.passMinutes).toBeLessThanOrEqual(Math.min(pass, quoted.durationMinutes));
      }),
      { numRuns: 600 },
    );
  });

  it("never falls as a stay grows, where the tariff promises it", () => {
    const rising = anyTariff.filter(risesWithTime);
    fc.assert(
      fc.property(rising, anyStay, anyLength, (tariff, stay, moreMs) => {
        const shorter = priced(tariff, stay).total.amountMinor;
        const longer = priced(tariff, { ...stay, exitMs: stay.exitMs + Math.abs(moreMs) });
        expect(longer.total.amountMinor).toBeGreaterThanOrEqual(shorter);
      }),
      { numRuns: 500 },
    );
  });

  it("is promised to rise by slabs that do, and not by one that falls or by rebates that add up", () => {
    expect(risesWithTime(tariffWith(planOf(slabsOf([1, 500], [null, 500]))))).toBe(true);
    const falling = planOf(slabsOf([1, 500], [null, 400]));
    expect(risesWithTime(tariffWith(falling))).toBe(false);
    expect(risesWithTime(tariffWith(planOf(perUnit(1)), { vehiclePlans: { bus: falling } }))).toBe(false);
    const rebate = (bps: number) =>
      ({
        name: "Rebate",
        when: { ev: null, accessible: null, vehicleTypes: [] },
        amount: { kind: "percent", bps },
      }) as const;
    expect(risesWithTime(tariffWith(planOf(perUnit(1)), { surcharges: [rebate(-5_000)] }))).toBe(true);
    const both = [rebate(-5_000), rebate(-5_000)];
    expect(risesWithTime(tariffWith(planOf(perUnit(1)), { surcharges: both }))).toBe(false);
  });

  it("never rises by one more validation of money, and is never below its fines", () => {
    const money = anyValidation.filter(({ kind }) => kind !== "plan");
    fc.assert(
      fc.property(anyTariff, anyStay, money, (tariff, stay, value) => {
        if (!risesWithTime(tariff)) return;
        const given = stay.validations ?? [];
        // Of several prices the first counts, and free minutes move the day's boundaries for what is left.
        if (
          value.kind === "minutes" ||
          (value.kind === "price" && given.some((v) => v.value.kind === "price"))
        )
          return;
        const before = priced(tariff, stay);
        const after = priced(tariff, { ...stay, validations: [...given, { name: "Another", value }] });
        expect(after.total.amountMinor).toBeLessThanOrEqual(before.total.amountMinor);
        expect(after.base).toEqual(before.base);
        expect(after.penalties).toEqual(before.penalties);
      }),
      { numRuns: 500 },
    );
  });

  it("does not depend on what was priced before it", () => {
    fc.assert(
      fc.property(anyTariff, anyStay, anyStay, (tariff, stay, other) => {
        const first = JSON.stringify(priced(tariff, stay));
        priced(tariff, other);
        expect(JSON.stringify(priced(tariff, stay))).toBe(first);
        expect(JSON.stringify(priced(structuredClone(tariff), stay))).toBe(first);
      }),
      { numRuns: 300 },
    );
  });
});

describe("time by bands", () => {
  const halfDays = fc.integer({ min: 0, max: 47 });

  it("costs the same in two stays that meet where the band changes", () => {
    const bandRate = fc.constantFrom(
      perUnit(170, 25 * MIN_MS),
      tiersOf([1, 300], [null, 120]),
      slabsOf([2, 300], [null, 900]),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...ZONES),
        fc.tuple(halfDays, halfDays).filter(([from, to]) => from !== to),
        fc.tuple(bandRate, bandRate),
        anyEntry,
        fc.tuple(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 1, max: 6 * DAY_MS })),
        (timeZone, [from, to], [inside, outside], entryMs, [daysOn, moreMs]) => {
          const window: Window = {
            weekdays: [0, 1, 2, 3, 4, 5, 6],
            onHolidays: true,
            fromMinute: from * 30,
            toMinute: to * 30,
            fromDate: null,
            toDate: null,
          };
          const plan = planOf([bandOf("in", [window], inside), bandOf("out", [], outside)]);
          const tariff = tariffWith(plan, { timeZone });
          const localDay = Math.floor(entryMs / DAY_MS) + daysOn;
          const changeMs = zoneClockOf(timeZone).momentOf(localDay * DAY_MS + from * 30 * MIN_MS);
          fc.pre(changeMs > entryMs);
          const exitMs = changeMs + moreMs;
          const cost = (fromMs: number, toMs: number) =>
            priced(tariff, { entryMs: fromMs, exitMs: toMs }).total.amountMinor;
          expect(cost(entryMs, exitMs)).toBe(cost(entryMs, changeMs) + cost(changeMs, exitMs));
        },
      ),
      { numRuns: 500 },
    );
  });

  /** Minute by minute, as a person with a clock and a calendar would count. */
  function counted(
    windows: readonly Window[],
    timeZone: string,
    stay: StayToPrice,
    dayOf: (atMs: number) => string,
    cap: number,
  ): number {
    const clock = zoneClockOf(timeZone);
    const days = new Map<string, number>();
    for (let atMs = stay.entryMs; atMs < stay.exitMs; atMs += MIN_MS) {
      const { date } = localTimeOf(atMs, timeZone);
      const inside = windows.some((window) => {
        const next = window.toMinute <= window.fromMinute ? DAY_MS : 0;
        return [dayBefore(date), date].some((day) => {
          const beginMs = clock.momentOf(Date.parse(day) + window.fromMinute * MIN_MS);
          const endMs = clock.momentOf(Date.parse(day) + window.toMinute * MIN_MS + next);
          return isOn(window, day) && beginMs <= atMs && atMs < endMs;
        });
      });
      const day = dayOf(atMs);
      days.set(day, (days.get(day) ?? 0) + (inside ? 7 : 2));
    }
    return [...days.values()].reduce((sum, day) => sum + Math.min(day, cap), 0);
  }

  const HOLIDAYS = new Set(["2026-03-27", "2026-10-24"]);

  function isOn(window: Window, date: string): boolean {
    if ((window.fromDate ?? date) > date || (window.toDate ?? date) < date) return false;
    return HOLIDAYS.has(date) ? window.onHolidays : window.weekdays.includes(new Date(date).getUTCDay());
  }

  function dayBefore(date: string): string {
    return new Date(Date.parse(date) - DAY_MS).toISOString().slice(0, 10);
  }

  it("is what counting minute by minute gives, through changes of the clocks, with and without day maximums", () => {
    const kinds = fc.constantFrom("calendar", "rolling", "none");
    fc.assert(
      fc.property(
        fc.constantFrom(...ZONES),
        fc.array(anyWindow, { minLength: 1, maxLength: 3 }),
        anyEntry.map((atMs) => Math.floor(atMs / MIN_MS) * MIN_MS),
        fc.integer({ min: 1, max: 4 * 1440 }),
        kinds,
        fc.constantFrom("band", "stay"),
        (timeZone, windows, entryMs, minutes, kind, units) => {
          const stay = { entryMs, exitMs: entryMs + minutes * MIN_MS };
          const cap = kind === "none" ? null : 4_321;
          const plan = planOf(
            [bandOf("in", windows, perUnit(7, MIN_MS)), bandOf("out", [], perUnit(2, MIN_MS))],
            { units, day: { kind: kind === "calendar" ? kind : "rolling", startMinute: 0, capMinor: cap } },
          );
          const dayOf = (atMs: number) =>
            kind === "calendar"
              ? localTimeOf(atMs, timeZone).date
              : Math.floor((atMs - entryMs) / DAY_MS).toString();
          const total = priced(tariffWith(plan, { timeZone, holidays: HOLIDAYS }), stay).total.amountMinor;
          expect(total).toBe(counted(windows, timeZone, stay, dayOf, cap ?? Infinity));
        },
      ),
      { numRuns: 150 },
    );
  });

  it("fills its days: with a maximum that every hour reaches, a stay costs its days", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...ZONES),
        anyDay,
        anyEntry,
        fc.integer({ min: 1, max: 400 }),
        (timeZone, day, entryMs, days) => {
          const plan = planOf(perUnit(900, MIN_MS), { day: { ...day, capMinor: 900 } });
          const total = (lengthMs: number) =>
            priced(tariffWith(plan, { timeZone }), { entryMs, exitMs: entryMs + lengthMs }).total
              .amountMinor / 900;
          const count = total(days * DAY_MS);
          // A stay may begin late in its first day, and end early in its last one after a day of 23 hours.
          expect(count).toBeGreaterThanOrEqual(day.kind === "night" ? days - 1 : days);
          expect(count).toBeLessThanOrEqual(days + 2);
          expect(total(days * DAY_MS + 26 * HOUR_MS)).toBeGreaterThan(count);
        },
      ),
      { numRuns: 500 },
    );
  });
});
