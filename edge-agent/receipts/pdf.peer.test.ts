import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { asCurrency } from "@parkme/shared/domain/money";
import type { Receipt } from "@parkme/shared/domain/receipt";
import { receiptPdf } from "./pdf.ts";
import { signed } from "./testing/receipts.ts";

/** Receipts as PDF, read by a program of somebody else's: pdftotext and pdfinfo of poppler. */

const LINK = "https://gate.example/r/q0Jm3o1rLr8m4Xc2S5dJ7w";
const folder = mkdtempSync(join(tmpdir(), "parkme-pdf-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function read(more: Partial<Receipt> = {}) {
  const path = join(folder, "receipt.pdf");
  writeFileSync(path, await receiptPdf(signed(more), LINK));
  const tool = (name: string, ...args: readonly string[]): string =>
    execFileSync(name, args, { encoding: "utf8" });
  return { text: tool("pdftotext", "-layout", path, "-"), info: tool("pdfinfo", path) };
}

describe("a receipt as PDF", () => {
  it("can be read and copied, with all its amounts beside what they are for", async () => {
    const { text, info } = await read();
    expect(text).toMatch(/Receipt no\.\s+1042/);
    expect(text).toMatch(/Voucher Café Kai: 1 hour\s+-1\.50/);
    expect(text).toMatch(/Total\s+€ 10\.50/);
    expect(text).toMatch(/Includes VAT 19 %\s+€ 1\.68/);
    expect(text).toContain("HH-PM 1234");
    expect(text).toContain(LINK);
    expect(info).toMatch(/Title:\s+Receipt 1042, Harbour Parking GmbH/);
    expect(info).toMatch(/Pages:\s+1\n/);
    expect(info).toMatch(/Page size:\s+226\.\d+ x /);
  });

  it.each([
    ["INR", "₹ 10.50"],
    ["GBP", "£ 10.50"],
    ["JPY", "¥ 1,050"],
  ])("has the sign of %s", async (code, amount) => {
    expect((await read({ currency: asCurrency(code) })).text).toContain(amount);
  });

  it("is one page, however long its explanation is", async () => {
    const trace = Array.from({ length: 60 }, (_, day) => ({
      text: `Day ${day + 1}: 24 h at the day maximum of 20.00, of the long stay plan`,
      amountMinor: 2_000,
    }));
    const { text, info } = await read({ trace });
    expect(info).toMatch(/Pages:\s+1\n/);
    expect(text).toContain("Day 60: 24 h");
    expect(text).toContain("Drive safely");
  });

  it("is the same file every time", async () => {
    expect(await receiptPdf(signed(), LINK)).toEqual(await receiptPdf(signed(), LINK));
  });
});
