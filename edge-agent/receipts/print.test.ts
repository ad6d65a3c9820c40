import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { GateRecord } from "@parkme/shared/domain/gate-record";
import { createIdMint, type JobId, type PaymentId, type StayId } from "@parkme/shared/domain/ids";
import type { Health, PrinterEvent } from "../devices/ports.ts";
import { createReceiptPrinting } from "./print.ts";
import { sharePrinter } from "./shared-printer.ts";
import { createPaper } from "./testing/paper.ts";
import { signed } from "./testing/receipts.ts";

const mint = createIdMint((length) => randomBytes(length));
const PAYMENT = mint.next<PaymentId>(0);
const PAID: GateRecord = {
  type: "payment",
  paymentId: PAYMENT,
  stayId: mint.next<StayId>(0),
  method: "card",
  amountMinor: 1_050,
  changeMinor: 0,
  actor: "terminal",
  idempotencyKey: "key",
  quote: null,
  reference: null,
};
const SICK: PrinterEvent = {
  kind: "health",
  health: { online: true, paper: "out", cover: "closed", fault: null },
};

async function startSite() {
  const paper = createPaper();
  const shared = sharePrinter(paper.printer, paper.clock);
  const notes: [string, Health][] = [];
  const warnings: object[] = [];
  const printing = createReceiptPrinting({
    printers: new Map([["receipts", shared]]),
    lanePrinters: new Map([["exit", "receipts"]]),
    store: {
      receiptByNumber: (number) => (number === 1042 ? signed() : null),
      receiptOfPayment: (paymentId) => (paymentId === PAYMENT ? signed() : null),
    },
    receiptLink: (token) => `https://gate.example/r/${token}`,
    note: (device, health) => void notes.push([device, health]),
    mint,
    clock: paper.clock,
    log: { warn: (fields) => void warnings.push(fields) },
  });
  await printing.start();
  return { ...paper, shared, printing, notes, warnings };
}

const settled = async (): Promise<void> => await new Promise((resolve) => setImmediate(resolve));

describe("receipts at a printer", () => {
  it("are printed after a payment at a lane that prints them, and at no other", () => {
    return startSite().then(({ printing, jobs }) => {
      printing.recorded("entry", [PAID]);
      expect(jobs).toHaveLength(0);
      printing.recorded("exit", [{ type: "alarm", kind: "stuck", detail: "" }, PAID]);
      expect(jobs).toHaveLength(1);
      expect(jobs[0]?.document).toContainEqual({ kind: "pair", left: "Receipt no.", right: "1042" });
    });
  });

  it("that fail are logged, with the printer in the roster, and hold up nobody (edge case 18)", async () => {
    const { printing, fails, says, notes, warnings } = await startSite();
    says(SICK);
    printing.recorded("exit", [PAID]);
    fails("paper jam");
    await settled();
    expect(notes).toEqual([["receipts", { ok: false, reason: "the paper is out" }]]);
    expect(warnings).toEqual([
      expect.objectContaining({ receipt: 1042, reason: "It was not printed: paper jam." }),
    ]);
  });

  it("are printed once more at the desk, which hears what came of it", async () => {
    const { printing, prints, fails } = await startSite();
    const good = printing.printReceipt(1042, "receipts");
    prints();
    expect(await good).toEqual({ ok: true, value: undefined });
    const bad = printing.printReceipt(1042, "receipts");
    fails("no paper");
    expect(await bad).toMatchObject({ ok: false, error: { code: "print_failed" } });
    expect(await printing.printReceipt(7, "receipts")).toMatchObject({ error: { code: "no_receipt" } });
    expect(await printing.printReceipt(1042, "attic")).toMatchObject({ error: { code: "no_printer" } });
    expect([printing.openDrawer("receipts"), printing.openDrawer("attic")]).toEqual([true, false]);
  });
});

describe("a printer that several share", () => {
  it("is started once, prints one job after the other, and tells all users everything", async () => {
    const { shared, printing, says, prints, jobs, starts } = await startSite();
    says(SICK);
    const heard: PrinterEvent[] = [];
    await shared.start((event) => heard.push(event));
    expect(starts()).toBe(1);
    expect(heard).toEqual([SICK]);
    printing.recorded("exit", [PAID]);
    const id = mint.next<JobId>(0);
    shared.print({ id, document: [], deadlineMs: 10_000 });
    expect(jobs).toHaveLength(1);
    prints();
    expect(jobs.map((job) => job.id)).toEqual([expect.anything(), id]);
    prints();
    expect(heard.at(-1)).toEqual({ kind: "printed", jobId: id, held: false });
  });

  it("begins no job whose time is over, and lets no more wait than it can print", async () => {
    const { shared, printing, prints, later, jobs } = await startSite();
    const heard: PrinterEvent[] = [];
    await shared.start((event) => heard.push(event));
    const printed = Array.from({ length: 18 }, () => printing.printReceipt(1042, "receipts"));
    expect(heard).toEqual([
      expect.objectContaining({
        kind: "failed",
        reason: "too many jobs wait for this printer",
        mayBeOut: false,
      }),
    ]);
    later(60_000);
    prints();
    expect(jobs).toHaveLength(1);
    const outcomes = await Promise.all(printed);
    expect(outcomes.map(({ ok }) => ok)).toEqual([true, ...Array.from({ length: 17 }, () => false)]);
  });
});
