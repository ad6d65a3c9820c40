import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { asCurrency, formatDecimal, money } from "../../domain/money.ts";
import { quote } from "../quote.ts";
import { referenceQuote } from "../testing/reference/reference.ts";
import { tariffOf } from "../testing/tariffs.ts";
import type { PricedStay } from "./board.ts";
import { DEGGENDORF } from "./deggendorf.ts";
import { FREDERICK } from "./frederick.ts";

describe.each([DEGGENDORF, FREDERICK])("the board of $facility", (board) => {
  const { currency, timeZone } = board;
  const text = readFileSync(new URL(board.document, import.meta.url), "utf8");
  const tariff = tariffOf(JSON.parse(text), { currency, timeZone });

  it.each(board.stays)("$name: $total", (priced) => {
    const quoted = quote(tariff, stayOf(priced));
    if (!quoted.ok) throw new Error(quoted.error.message);
    const { total, appliedRule, trace } = quoted.value;
    expect({ total: formatDecimal(total), rule: appliedRule }).toEqual({
      total: priced.total,
      rule: priced.rule,
    });
    expect(trace.reduce((sum, line) => sum + line.amountMinor, 0)).toBe(total.amountMinor);
  });

  // The properties of the engine lean on the reference, so that it has to be right first.
  it("comes out the same in the reference", () => {
    const totals = board.stays.map((priced) => {
      const { total } = referenceQuote(tariff, stayOf(priced));
      return [priced.name, formatDecimal(money(total, asCurrency(currency)))];
    });
    expect(totals).toEqual(board.stays.map(({ name, total }) => [name, total]));
  });
});

function stayOf({ entry, exit }: PricedStay) {
  return { entryMs: Date.parse(entry), exitMs: Date.parse(exit) };
}
