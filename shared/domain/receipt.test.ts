import fc from "fast-check";
import { expect, it } from "vitest";
import { asCurrency } from "./money.ts";
import { canonicalText, type Receipt } from "./receipt.ts";

const RECEIPT: Receipt = {
  number: 7,
  kind: "payment",
  facility: { id: "f-1", name: "House", timeZone: "Europe/Berlin" },
  issuer: { name: "Acme", address: ["1 Main Street", "Berlin"], taxNumber: null },
  currency: asCurrency("EUR"),
  issuedWallMs: 1_000,
  place: "desk",
  actor: "alex",
  ticketNumber: "PKM-0123456Z",
  plate: "BAB1234",
  entryWallMs: 0,
  durationMinutes: 60,
  tariff: { id: "standard", version: 2, rule: "Day" },
  trace: [
    { text: "1 h", amountMinor: 500 },
    { text: "bakery", amountMinor: -100 },
  ],
  totalMinor: 400,
  tax: { name: "VAT", minor: 64, included: true },
  paidBeforeMinor: 0,
  method: "cash",
  amountMinor: 400,
  tenderedMinor: 500,
  changeMinor: 100,
  reference: null,
  creditsNumber: null,
  previousHash: null,
};

/** The same value with the keys of every object in an order of its own. */
function shuffled(value: unknown, order: (keys: string[]) => string[]): unknown {
  if (Array.isArray(value)) return value.map((one) => shuffled(one, order));
  if (typeof value !== "object" || value === null) return value;
  const fields = value as Record<string, unknown>;
  return Object.fromEntries(order(Object.keys(fields)).map((key) => [key, shuffled(fields[key], order)]));
}

it("a receipt has one text, in whatever order it was put together, and the text says all of it", () => {
  const text = canonicalText(RECEIPT);
  expect(JSON.parse(text)).toEqual(RECEIPT);
  fc.assert(
    fc.property(fc.infiniteStream(fc.nat()), (numbers) => {
      const rank = (): number => Number(numbers.next().value);
      const order = (keys: string[]): string[] =>
        keys
          .map((key) => [rank(), key] as const)
          .toSorted(([a], [b]) => a - b)
          .map(([, key]) => key);
      expect(canonicalText(shuffled(RECEIPT, order) as Receipt)).toBe(text);
    }),
  );
});

it("lines of the trace keep their order, and another amount is another text", () => {
  const [first, second] = RECEIPT.trace;
  if (first === undefined || second === undefined) throw new Error("two lines");
  expect(canonicalText({ ...RECEIPT, trace: [second, first] })).not.toBe(canonicalText(RECEIPT));
  expect(canonicalText({ ...RECEIPT, amountMinor: 401 })).not.toBe(canonicalText(RECEIPT));
});
