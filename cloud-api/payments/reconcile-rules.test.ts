import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DayEntry } from "./providers/contract.ts";
import { compareDay } from "./reconcile-rules.ts";

const from = new Date("2026-07-15T00:00:00Z");
const until = new Date("2026-07-16T00:00:00Z");
const FACILITY = "0192a000-0000-7000-8000-000000000001";
const at = new Date("2026-07-15T10:00:00Z");

const entry = (reference: string, amountMinor: number, change: Partial<DayEntry> = {}): DayEntry => ({
  kind: "capture",
  reference,
  of: null,
  ours: true,
  amountMinor,
  currency: "EUR",
  at,
  ...change,
});
const booked = (reference: string, amountMinor: number, when = at) => ({
  facilityId: FACILITY,
  kind: amountMinor < 0 ? ("refund" as const) : ("capture" as const),
  reference,
  amountMinor,
  currency: "EUR",
  at: when,
});
const look = (
  theirs: readonly DayEntry[],
  ours: readonly ReturnType<typeof booked>[],
  known: ReadonlyMap<string, string> = new Map(),
) => compareDay(theirs, ours, { from, until }, known);

describe("a provider's day", () => {
  it("that is what was booked has no difference", () => {
    const found = look(
      [entry("ch_1", 500), entry("re_1", 200, { kind: "refund" })],
      [booked("ch_1", 500), booked("re_1", -200)],
    );
    expect(found.differences).toEqual([]);
    expect(found.notListed).toEqual([]);
    expect(found.totals.get("EUR")).toEqual({ theirCount: 2, theirMinor: 300, ourCount: 2, ourMinor: 300 });
  });

  it("shows every amount that is missing or another, on both sides", () => {
    const amounts = fc.uniqueArray(
      fc.record({
        id: fc.nat(50),
        theirs: fc.option(fc.integer({ min: 1, max: 9 })),
        ours: fc.option(fc.integer({ min: 1, max: 9 })),
      }),
      { selector: ({ id }) => id, maxLength: 12 },
    );
    fc.assert(
      fc.property(amounts, (rows) => {
        const theirs = rows.flatMap(({ id, theirs: minor }) =>
          minor === null ? [] : [entry(`ch_${id}`, minor)],
        );
        const ours = rows.flatMap(({ id, ours: minor }) =>
          minor === null ? [] : [booked(`ch_${id}`, minor)],
        );
        const found = look(theirs, ours);
        const wrong = [...found.differences, ...found.notListed].map(({ reference }) => reference);
        const expected = rows.filter((row) => row.theirs !== row.ours).map(({ id }) => `ch_${id}`);
        expect(wrong.toSorted()).toEqual(expected.toSorted());
      }),
    );
  });

  it("leaves out what others do with the same account, and what was booked on another day", () => {
    const others = { ours: false } as const;
    const known = new Map([["order_3", FACILITY]]);
    const theirs = [
      entry("pay_1", 1, others),
      entry("pay_2", 2, others),
      entry("pay_3", 3, { ...others, of: "order_3" }),
    ];
    const ours = [booked("pay_2", 2, new Date("2026-07-16T00:00:01Z"))];
    const found = look(theirs, ours, known);
    expect(found.notListed).toEqual([]);
    expect(found.differences).toMatchObject([
      { reference: "pay_3", facility_id: FACILITY, theirs_minor: 3, ours_minor: null },
    ]);
  });

  it("takes a refund that the bank sent back as none", () => {
    const found = look(
      [entry("ch_1", 500)],
      [booked("ch_1", 500), booked("re_1", -200), { ...booked("re_1:returned", 200), kind: "refund" }],
    );
    expect([...found.differences, ...found.notListed]).toEqual([]);
  });
});
