import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Printer, PrinterEvent, PrintJob } from "../devices/ports.ts";
import { createReceiptPrinting } from "../receipts/print.ts";
import { createDeskPaper } from "./paper.ts";
import { type PayDesk, startPayDesk } from "./testing/pay-desk.ts";

let desk: PayDesk;
beforeEach(async () => {
  desk = await startPayDesk();
});
afterEach(() => desk.stop());

/** A printer that prints at once, or fails with what the test says, and keeps what it was given. */
async function startPaper() {
  const jobs: PrintJob[] = [];
  const trouble: { reason: string | null } = { reason: null };
  let tell: (event: PrinterEvent) => void = () => undefined;
  const printer: Printer = {
    name: "desk",
    start: (sink) => {
      tell = sink;
      return Promise.resolve();
    },
    print: (job) => {
      const { reason } = trouble;
      if (reason !== null) return tell({ kind: "failed", jobId: job.id, reason, mayBeOut: false });
      jobs.push(job);
      tell({ kind: "printed", jobId: job.id, held: false });
    },
    retract: () => undefined,
    openDrawer: () => true,
    stop: () => Promise.resolve(),
  };
  const { store, mint } = desk;
  const { clock, facility } = desk.desk;
  const printing = createReceiptPrinting({
    printers: new Map([["desk", printer]]),
    lanePrinters: new Map(),
    store,
    receiptLink: () => null,
    note: () => undefined,
    mint,
    clock,
    log: { warn: () => undefined },
  });
  await printing.start();
  const paper = createDeskPaper({
    printing,
    printer: "desk",
    store,
    code: ({ ticketNumber, entryWallMs, lane }) => `code of ${ticketNumber} ${entryWallMs} ${lane}`,
    titleOf: (lane) => `Lane ${lane}`,
    facility,
    mint,
    clock,
  });
  const words = (): string => JSON.stringify(jobs.at(-1)?.document);
  return { paper, jobs, trouble, words };
}
const by = { actor: "alex", reason: "it fell into a puddle" };

describe("the desk's printer", () => {
  it("prints the ticket once more, with the same number and code, and says which copy it is (edge case 15)", async () => {
    const { paper, words } = await startPaper();
    const id = desk.parked();
    const { ticket_number, entry_at } = await desk.stay(id);
    expect((await paper.printTicket(id, by)).ok).toBe(true);
    expect(words()).toContain(ticket_number);
    expect(words()).toContain(`code of ${ticket_number} ${Date.parse(entry_at)} entry`);
    expect(words()).toContain("Lane entry");
    const first = words();
    await paper.printTicket(id, by);
    expect(words()).not.toBe(first);
    expect(words()).toContain("COPY 2");
  });

  it("prints the number that took the place of a lost one, and none of a stay that is void", async () => {
    const { paper, jobs, words } = await startPaper();
    const id = desk.parked();
    const { ticket_number } = await desk.act(id, "lost-ticket", { reason: by.reason });
    await paper.printTicket(id, by);
    expect(words()).toContain(ticket_number);
    await desk.act(id, "void", { reason: by.reason });
    expect(await paper.printTicket(id, by)).toMatchObject({ ok: false, error: { code: "ticket_void" } });
    expect(jobs).toHaveLength(1);
  });

  it("that fails is told to who asked, and what was not printed is no copy", async () => {
    const { paper, trouble, words } = await startPaper();
    const id = desk.parked();
    trouble.reason = "the paper is out";
    expect(await paper.printTicket(id, by)).toMatchObject({
      ok: false,
      error: { code: "print_failed", message: expect.stringContaining("the paper is out") },
    });
    trouble.reason = null;
    await paper.printTicket(id, by);
    expect(words()).toContain("COPY 1");
  });

  it("prints receipts by their number", async () => {
    const { paper, words } = await startPaper();
    await desk.paid(await desk.cash(desk.parked(), 400));
    expect((await paper.printReceipt(1)).ok).toBe(true);
    expect(words()).toContain("RECEIPT");
    expect((await paper.printReceipt(2)).ok).toBe(false);
  });
});
