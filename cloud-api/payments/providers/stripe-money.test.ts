import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ProviderError } from "./contract.ts";
import { fromStripe, toStripe } from "./stripe-money.ts";

describe("amounts of Stripe", () => {
  it("are ours but for the currencies that it counts in another way", () => {
    expect(toStripe(1_500, "EUR")).toBe(1_500);
    expect(toStripe(1_500, "JPY")).toBe(1_500);
    expect(toStripe(40, "ISK")).toBe(4_000);
    expect(toStripe(40, "UGX")).toBe(4_000);
    expect(toStripe(500, "MGA")).toBe(5);
    expect(toStripe(1_230, "KWD")).toBe(1_230);
  });

  it("that it does not have are refused, never rounded", () => {
    for (const [amount, currency] of [
      [1_234, "KWD"],
      [550, "MGA"],
      [Number.MAX_SAFE_INTEGER, "ISK"],
    ] as const)
      expect(() => toStripe(amount, currency)).toThrow(ProviderError);
    expect(fromStripe(4_050, "ISK")).toBeNull();
    expect(fromStripe(1, "euros")).toBeNull();
  });

  it("come back as they went", () => {
    const currencies = fc.constantFrom("EUR", "JPY", "ISK", "UGX", "MGA", "KWD", "USD", "INR");
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e9 }), currencies, (tens, currency) => {
        const amount = tens * 100;
        expect(fromStripe(toStripe(amount, currency), currency)).toBe(amount);
      }),
    );
  });
});
