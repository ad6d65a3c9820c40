import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dueOf } from "./due.ts";
import { quote } from "./quote.ts";
import { risesWithTime } from "./rises.ts";
import { anyEntry, anyTariff } from "./testing/any-tariff.ts";
import { DAY_MS, HOUR_MS, perUnit, planOf, tariffWith } from "./testing/plans.ts";
import type { Tariff } from "./tariff-model.ts";

const MIN_MS = 60_000;
const ENTRY_MS = Date.parse("2026-03-02T10:00+01:00");

function due(
  tariff: Tariff | null,
  {
    entryMs = ENTRY_MS,
    creditedMinor = 0,
    settledMs = null,
  }: { entryMs?: number; creditedMinor?: number; settledMs?: number | null },
  nowMs: number,
) {
  const quoteAt = (exitMs: number) => quote(tariff, { entryMs, exitMs });
  const result = dueOf({ quoteAt, creditedMinor, settledMs }, nowMs);
  if (!result.ok) throw new Error(result.error.code);
  return result.value;
}

describe("what is due", () => {
  const tariff = tariffWith(planOf(perUnit(200)));
  const paid = { creditedMinor: 400, settledMs: ENTRY_MS + 2 * HOUR_MS };

  it("is the whole fee as long as nothing was paid", () => {
    expect(due(tariff, {}, ENTRY_MS + 90 * MIN_MS)).toMatchObject({ amountMinor: 400, leaveByMs: null });
  });

  it("is nothing within the exit grace, and then only the difference", () => {
    const leaveByMs = paid.settledMs + 15 * MIN_MS;
    expect(due(tariff, paid, leaveByMs)).toMatchObject({
      amountMinor: 0,
      leaveByMs,
      quote: { total: { amountMinor: 400 }, durationMinutes: 120 },
    });
    expect(due(tariff, paid, leaveByMs + 1)).toMatchObject({ amountMinor: 200, leaveByMs: null });
    expect(due(tariff, paid, ENTRY_MS + 10 * HOUR_MS).amountMinor).toBe(1_600);
  });

  it("is nothing, though more was paid than it costs", () => {
    expect(due(tariff, { creditedMinor: 9_999 }, ENTRY_MS + HOUR_MS).amountMinor).toBe(0);
  });

  it("is nothing after a settlement that was free of charge, as when a validation took it all", () => {
    expect(due(tariff, { settledMs: ENTRY_MS + HOUR_MS }, ENTRY_MS + HOUR_MS + MIN_MS).amountMinor).toBe(0);
  });

  it("is refused, not nothing, when it cannot be priced", () => {
    const quoteAt = () => quote(null, { entryMs: 0, exitMs: 0 });
    for (const settledMs of [null, 0])
      expect(dueOf({ quoteAt, creditedMinor: 0, settledMs }, 0)).toMatchObject({
        error: { code: "tariff_missing" },
      });
  });

  it("is never negative, and nothing within the grace, however the clock steps", () => {
    const time = fc.integer({ min: -DAY_MS, max: 5 * DAY_MS });
    fc.assert(
      fc.property(
        anyTariff,
        anyEntry,
        fc.option(time),
        fc.integer({ min: 0, max: 20_000 }),
        time,
        time,
        (any, entryMs, settled, creditedMinor, a, b) => {
          const account = { entryMs, creditedMinor, settledMs: settled === null ? null : entryMs + settled };
          const [earlier, later] = [Math.min(a, b), Math.max(a, b)].map((ms) =>
            due(any, account, entryMs + ms),
          );
          if (earlier === undefined || later === undefined) throw new Error("two times");
          expect(earlier.amountMinor).toBeGreaterThanOrEqual(0);
          // The same moment again, after the clock was somewhere else, owes the same.
          expect(due(any, account, entryMs + Math.min(a, b)).amountMinor).toBe(earlier.amountMinor);
          if (risesWithTime(any)) expect(earlier.amountMinor).toBeLessThanOrEqual(later.amountMinor);
          for (const [ms, owed] of [
            [Math.min(a, b), earlier],
            [Math.max(a, b), later],
          ] as const) {
            const inGrace = settled !== null && ms <= settled + any.graces.exitMs;
            if (inGrace) expect(owed.amountMinor).toBe(0);
            else expect(owed.amountMinor).toBe(Math.max(0, owed.quote.total.amountMinor - creditedMinor));
            expect(owed.leaveByMs).toBe(inGrace ? entryMs + settled + any.graces.exitMs : null);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it("asks for nothing more at once, after what was due is paid", () => {
    fc.assert(
      fc.property(
        anyTariff,
        anyEntry,
        fc.array(fc.integer({ min: 0, max: DAY_MS }), { maxLength: 5 }),
        (any, entryMs, waits) => {
          let nowMs = entryMs;
          let creditedMinor = 0;
          let settledMs: number | null = null;
          for (const waitMs of waits) {
            nowMs += waitMs;
            const owed = due(any, { entryMs, creditedMinor, settledMs }, nowMs);
            if (owed.leaveByMs === null) {
              creditedMinor += owed.amountMinor;
              settledMs = nowMs;
            }
            expect(due(any, { entryMs, creditedMinor, settledMs }, nowMs).amountMinor).toBe(0);
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
