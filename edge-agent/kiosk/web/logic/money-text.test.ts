import { describe, expect, it } from "vitest";
import { asCurrency } from "@parkme/shared/domain/money";
import { createMoneyText } from "./money-text.ts";

describe("money text", () => {
  it("shows the currency's own number of decimals", () => {
    expect(createMoneyText(asCurrency("EUR"))(1200)).toBe("€12.00");
    expect(createMoneyText(asCurrency("JPY"))(1200)).toBe("¥1,200");
    expect(createMoneyText(asCurrency("KWD"))(1500).replaceAll(/\s/g, " ")).toBe("KWD 1.500");
  });

  it("keeps decimals where the browser's locale data would drop them", () => {
    expect(createMoneyText(asCurrency("IQD"))(1250)).toContain("1.250");
    expect(createMoneyText(asCurrency("HUF"))(125050)).toContain("1,250.50");
  });

  it("is exact where floating point is not", () => {
    expect(createMoneyText(asCurrency("EUR"))(Number.MAX_SAFE_INTEGER)).toBe("€90,071,992,547,409.91");
    expect(createMoneyText(asCurrency("EUR"))(-350)).toBe("-€3.50");
  });
});
