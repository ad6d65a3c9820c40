import { describe, expect, it } from "vitest";
import { expandShort, placeInShort } from "./short-forms.ts";
import { readDocument } from "./tariff-rules.ts";
import { quote } from "@parkme/shared/pricing/quote";

const PLACE = { currency: "EUR", timeZone: "Europe/Berlin" };
const NAME = { id: "standard", version: 1 };
const MONDAY = Date.parse("2026-11-23T08:00:00+01:00");
const HOUR = 3_600_000;

function price(document: Record<string, unknown>, hours: number, entryMs = MONDAY): number | string {
  const read = readDocument(document, NAME, PLACE);
  if (!read.ok) return read.error.map(({ path, message }) => `${path} ${message}`).join("; ");
  const priced = quote(read.value.tariff, { entryMs, exitMs: entryMs + hours * HOUR });
  return priced.ok ? priced.value.total.amountMinor : priced.error.code;
}

describe("a short form", () => {
  it("prices as what it stands for", () => {
    expect(price({ flat: 12 }, 5)).toBe(1200);
    expect(price({ type: "FLAT", price: "12.50" }, 5)).toBe(1250);
    expect(price({ hourly: 2.5 }, 3.5)).toBe(1000);
    expect(price({ type: "hourly", price: 2, per_minutes: 30 }, 1)).toBe(400);
    const tiers = [
      { up_to_hours: 2, price: 1.5, per_minutes: 30 },
      { price: 2, per_minutes: 60 },
    ];
    expect(price({ hourly: tiers }, 3.5)).toBe(1000);
    const slabs = [
      { max_hours: 1, price: 5 },
      { max_hours: 3, price: 12 },
      { max_hours: null, price: 30 },
    ];
    expect(price({ slabs }, 2)).toBe(1200);
    expect(price({ type: "slab", slabs }, 20)).toBe(3000);
    const peak = { from: "08:00", to: "20:00", price: 3 };
    expect(price({ dynamic: { peak, off_peak: { price: 1 } } }, 2)).toBe(600);
    expect(price({ dynamic: { peak, off_peak: { price: 1 } } }, 2, MONDAY + 13 * HOUR)).toBe(200);
    expect(price({ type: "dynamic", peak, off_peak: { price: 1 } }, 2)).toBe(600);
  });

  it("leaves a document as it is", () => {
    const document = {
      name: "Event",
      flat: { price: 12 },
      tax: { name: "VAT", percent: 19, included: true },
    };
    expect(expandShort(document)).toEqual({ document, places: [] });
  });

  it("tells a problem at its place in what was sent", () => {
    const problems = (document: Record<string, unknown>) => {
      const read = readDocument(document, NAME, PLACE);
      return read.ok ? [] : read.error.map(({ path }) => path);
    };
    expect(problems({ hourly: 2.555 })).toEqual(["hourly"]);
    expect(problems({ flat: "free" })).toEqual(["flat"]);
    expect(problems({ type: "flat", price: -1 })).toEqual(["price"]);
    expect(problems({ type: "hourly" })).not.toEqual([]);
    expect(problems({ hourly: [{ up_to_hours: 2, price: "x" }, { price: 1 }] })).toEqual(["hourly.0.price"]);
    const peak = { from: "25:00", to: "20:00", price: 3 };
    expect(problems({ dynamic: { peak, off_peak: { price: 1 } } })).toEqual(["dynamic.peak.from"]);
    expect(problems({ type: "dynamic", peak: { ...peak, from: "08:00" }, off_peak: { price: "x" } })).toEqual(
      ["off_peak.price"],
    );
    expect(
      problems({
        slabs: [
          { max_hours: 1, price: "a" },
          { max_hours: null, price: 1 },
        ],
      }),
    ).toEqual(["slabs.0.price"]);
    expect(problems({})).not.toEqual([]);
    expect(problems({ type: "free" })).not.toEqual([]);
    expect(problems({ type: "flat", price: 5, flat: 3 })).not.toEqual([]);
    expect(problems({ type: "flat", price: 5, hourly: 3 })).not.toEqual([]);
    expect(problems({ type: "slab", slabs: [{ max_hours: null, price: 1 }], price: 5 })).not.toEqual([]);
    expect(problems({ flat: { price: 1 }, colour: "red" })).not.toEqual([]);
  });

  it("names the longest place that fits", () => {
    const expanded = {
      document: {},
      places: [
        ["a", "x"],
        ["a.b", "y.z"],
      ],
    } as const;
    expect(placeInShort(expanded, "a.b.c")).toBe("y.z.c");
    expect(placeInShort(expanded, "a.c")).toBe("x.c");
    expect(placeInShort(expanded, "ab")).toBe("ab");
  });
});
