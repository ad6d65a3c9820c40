import { describe, expect, it } from "vitest";
import { asCurrency } from "@parkme/shared/domain/money";
import type { Receipt } from "@parkme/shared/domain/receipt";
import { receiptDocument } from "./document.ts";
import { signed } from "./testing/receipts.ts";

const LINK = "https://gate.example/r/q0Jm3o1rLr8m4Xc2S5dJ7w";

function linesOf(more: Partial<Receipt> = {}, link: string | null = LINK): string[] {
  return receiptDocument(signed(more), link).map((line) => {
    if (line.kind === "text") return line.text;
    return line.kind === "pair" ? `${line.left}: ${line.right}` : line.kind;
  });
}

describe("a receipt on paper", () => {
  it("says who issued it, for which stay, how the price came about, and what was paid how", () => {
    expect(linesOf().slice(0, -3)).toEqual([
      "Harbour Parking GmbH",
      "Am Sandtorkai 1",
      "20457 Hamburg",
      "Tax number DE 123 456 789",
      "Harbour Square",
      "feed",
      "RECEIPT",
      "rule",
      "Receipt no.: 1042",
      "Ticket: PKM-A3F7B2C1",
      "Plate: HH-PM 1234",
      "Entry: Mon 2 Mar 2026, 18:12",
      "Paid: Mon 2 Mar 2026, 23:47",
      "Parked: 5 h 35 min",
      "At: Pay station, level 1",
      "rule",
      "Mon 18:12-20:00 peak 2 h x 3.00: 6.00",
      "Mon 20:00-23:47 off-peak 4 h x 1.50: 6.00",
      "Voucher Café Kai: 1 hour: -1.50",
      "rule",
      "TOTAL: € 10.50",
      "Includes VAT 19 %: € 1.68",
      "PAID NOW: € 10.50",
      "rule",
      "Method: Card",
      "Reference: 0471",
      "By: terminal",
      "rule",
      "Tariff: Standard (standard v7)",
      `Hash: ${signed().hash.slice(0, 16)}`,
      expect.stringMatching(/^Signature, key \d+: [\w-]{16}$/),
    ]);
    expect(receiptDocument(signed(), LINK)).toContainEqual({ kind: "qr", data: LINK });
  });

  it("shows cash with its change, what was paid before, and what is still to pay", () => {
    const text = linesOf({
      method: "cash",
      reference: null,
      totalMinor: 5_000,
      paidBeforeMinor: 1_000,
      amountMinor: 1_500,
      tenderedMinor: 2_000,
      changeMinor: 500,
    });
    expect(text).toEqual(
      expect.arrayContaining([
        "Paid before: € 10.00",
        "PAID NOW: € 15.00",
        "Still to pay: € 25.00",
        "Received: € 20.00",
        "Change: € 5.00",
      ]),
    );
  });

  it("of a refund is a credit note that names its receipt", () => {
    const text = linesOf({
      kind: "refund",
      creditsNumber: 1_040,
      trace: [],
      totalMinor: null,
      tax: null,
      method: "cash",
    });
    expect(text).toEqual(
      expect.arrayContaining([
        "CREDIT NOTE",
        "Credit note no.: 1042",
        "For receipt no.: 1040",
        "GIVEN BACK: € 10.50",
      ]),
    );
    expect(text.join("\n")).not.toMatch(/Paid|Change|Received/);
  });

  it("writes each currency with its decimals, and its sign where everybody knows it", () => {
    const total = (code: string, totalMinor: number): string | undefined =>
      linesOf({ currency: asCurrency(code), totalMinor }).find((line) => line.startsWith("TOTAL"));
    expect(total("INR", 123_456_789)).toBe("TOTAL: ₹ 1,234,567.89");
    expect(total("JPY", 1_200)).toBe("TOTAL: ¥ 1,200");
    expect(total("KWD", 1_500)).toBe("TOTAL: KWD 1.500");
  });

  it("says which clock it means when the clocks changed during the stay", () => {
    const before = Date.UTC(2026, 9, 25, 0, 30);
    const text = linesOf({ entryWallMs: before, issuedWallMs: before + 3_600_000 });
    expect(text).toEqual(
      expect.arrayContaining(["Entry: Sun 25 Oct 2026, 02:30 CEST", "Paid: Sun 25 Oct 2026, 02:30 CET"]),
    );
  });

  it("carries number, hash and signature in its code where there is no link", () => {
    const { hash, keyId, signature } = signed();
    expect(receiptDocument(signed(), null)).toContainEqual({
      kind: "qr",
      data: `PARKME RECEIPT 0197a000-0000-7000-8000-000000000001 1042 ${keyId} ${hash} ${signature}`,
    });
  });
});
