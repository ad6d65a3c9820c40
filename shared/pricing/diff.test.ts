import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { diff, type PastStay } from "./diff.ts";
import { tariffOf } from "./testing/tariffs.ts";

const HOUR_MS = 3_600_000;
const ENTRY_MS = Date.UTC(2026, 10, 23, 7);

const stay = (name: string, hours: number): PastStay => ({
  name,
  stay: { entryMs: ENTRY_MS, exitMs: ENTRY_MS + hours * HOUR_MS },
});
const FLAT = tariffOf({ flat: { price: 5 } });
const HOURLY = tariffOf({ hourly: { price: 2 } }, { version: 2 });

describe("the difference of two tariffs over stays", () => {
  it("has each stay's, the sums, and the stays that it means most for", () => {
    const stays = [stay("one", 1), stay("four", 4), stay("two", 2), stay("six", 6)];
    const result = diff(FLAT, HOURLY, stays);
    expect(result).toMatchObject({
      priced: 4,
      beforeMinor: 2_000,
      afterMinor: 2_600,
      differenceMinor: 600,
      dearer: 2,
      cheaper: 2,
      same: 0,
      refused: 0,
      mostDearer: { name: "six", differenceMinor: 700 },
      mostCheaper: { name: "one", differenceMinor: -300 },
    });
    expect(result.rows.map(({ differenceMinor }) => differenceMinor)).toEqual([-300, 300, -100, 700]);
  });

  it("counts apart what one of them does not price, such as a plan of validations that is gone", () => {
    const hotel = tariffOf({ flat: { price: 5 }, plans: { hotel: { flat: { price: 1 } } } });
    const value = { kind: "plan", plan: "hotel" } as const;
    const guest: PastStay = {
      name: "guest",
      stay: { entryMs: ENTRY_MS, exitMs: ENTRY_MS + HOUR_MS, validations: [{ name: "Hotel", value }] },
    };
    expect(diff(hotel, FLAT, [guest, stay("one", 1)])).toMatchObject({
      priced: 1,
      refused: 1,
      same: 1,
      beforeMinor: 500,
      rows: [{ beforeMinor: 100, afterMinor: null, differenceMinor: null }, { differenceMinor: 0 }],
      mostDearer: null,
      mostCheaper: null,
    });
  });

  it("of a tariff with itself is nothing, and turned round the same with the other sign", () => {
    const stays = fc.array(fc.integer({ min: 0, max: 100 }), { maxLength: 30 });
    fc.assert(
      fc.property(stays, (hours) => {
        const past = hours.map((it, i) => stay(`${i}`, it));
        expect(diff(HOURLY, HOURLY, past)).toMatchObject({ differenceMinor: 0, same: past.length });
        const [to, back] = [diff(FLAT, HOURLY, past), diff(HOURLY, FLAT, past)];
        expect(to.differenceMinor).toBe(0 - back.differenceMinor);
        expect([to.dearer, to.cheaper]).toEqual([back.cheaper, back.dearer]);
      }),
      { numRuns: 50 },
    );
  });
});
