import { describe, expect, it } from "vitest";
import { asCurrency } from "../domain/money.ts";
import { quote } from "./quote.ts";
import { tariffOf } from "./testing/tariffs.ts";
import { traceRow } from "./trace-text.ts";

const EUR = asCurrency("EUR");

describe("a line of a trace in a table", () => {
  it("says its amount once, in the column", () => {
    const line = { text: "Mon 22:00-24:00 off-peak 2 h x 1.50 = 3.00", amountMinor: 300 };
    expect(traceRow(line, EUR)).toEqual({ label: "Mon 22:00-24:00 off-peak 2 h x 1.50", amountMinor: 300 });
  });

  it("that only says something has no amount, and one that costs nothing has", () => {
    expect(traceRow({ text: "VAT 19 % included: 0.40", amountMinor: 0 }, EUR)).toEqual({
      label: "VAT 19 % included: 0.40",
      amountMinor: null,
    });
    expect(traceRow({ text: "Half an hour = 0.00", amountMinor: 0 }, EUR)).toEqual({
      label: "Half an hour",
      amountMinor: 0,
    });
  });

  it("is one of the engine's own, in every currency", () => {
    for (const currency of ["EUR", "JPY", "KWD"]) {
      const tariff = tariffOf({ flat: { price: 5 } }, { currency });
      const priced = quote(tariff, { entryMs: 0, exitMs: 3_600_000 });
      if (!priced.ok) throw new Error(priced.error.message);
      for (const line of priced.value.trace) expect(traceRow(line, tariff.currency).label).not.toContain("=");
    }
  });
});
