import type { Clock } from "@parkme/shared/domain/clock";
import { type Refusal, refusal } from "@parkme/shared/domain/errors";
import type { GateRecord } from "@parkme/shared/domain/gate-record";
import type { IdMint, JobId, PaymentId } from "@parkme/shared/domain/ids";
import type { SignedReceipt } from "@parkme/shared/domain/receipt";
import { err, ok, type Result } from "@parkme/shared/domain/result";
import type { Health, PrintDocument, Printer, PrinterEvent } from "../devices/ports.ts";
import { healthOf } from "../gate/lane-devices.ts";
import { receiptDocument } from "./document.ts";

/** A receipt that has not been begun by then is not printed any more: its driver is gone. The link stays. */
const BEGIN_WITHIN_MS = 30_000;

export type ReceiptPrintingOptions = {
  /** The gate's printers, each shared with whoever else prints there: see {@link sharePrinter}. */
  readonly printers: ReadonlyMap<string, Printer>;
  /** The printer at each lane that prints receipts. */
  readonly lanePrinters: ReadonlyMap<string, string>;
  readonly store: {
    readonly receiptByNumber: (number: number) => SignedReceipt | null;
    readonly receiptOfPayment: (paymentId: PaymentId) => SignedReceipt | null;
  };
  readonly receiptLink: (token: string) => string | null;
  readonly note: (device: string, health: Health) => void;
  readonly mint: IdMint;
  readonly clock: Clock;
  readonly log: { readonly warn: (fields: object, message: string) => void };
};

export type Printed = Result<void, Refusal<"no_printer" | "no_receipt" | "print_failed">>;

export type ReceiptPrinting = {
  readonly start: () => Promise<void>;
  readonly stop: () => Promise<void>;
  /** Resolves when it is on paper, or will not be. */
  readonly printDocument: (document: PrintDocument, printer: string) => Promise<Printed>;
  /** The receipt of that number once more. */
  readonly printReceipt: (number: number, printer: string) => Promise<Printed>;
  /** Prints the receipt of a payment; nobody waits for it, and a failure is only logged (edge case 18). */
  readonly printPayment: (paymentId: PaymentId, printer: string) => void;
  /** What a lane has written: payments at lanes with a printer for receipts are printed there. */
  readonly recorded: (lane: string, records: readonly GateRecord[]) => void;
  /** False where there is no such printer, or it cannot be reached. */
  readonly openDrawer: (printer: string) => boolean;
};

/** Prints receipts where they are wanted, without ever holding up who is paid or let out. */
export function createReceiptPrinting(options: ReceiptPrintingOptions): ReceiptPrinting {
  const { printers, lanePrinters, store, receiptLink, note, mint, clock, log } = options;
  const pending = new Map<JobId, (printed: Printed) => void>();

  function hear(printer: string, event: PrinterEvent): void {
    switch (event.kind) {
      case "health":
        return note(printer, healthOf(event.health));
      case "printed":
        return settle(event.jobId, ok(undefined));
      case "failed":
        return settle(event.jobId, failed(`It was not printed: ${event.reason}.`));
      case "taken":
      case "retracted":
        return;
      default:
        event satisfies never;
    }
  }

  function settle(jobId: JobId, printed: Printed): void {
    const resolve = pending.get(jobId);
    pending.delete(jobId);
    resolve?.(printed);
  }

  async function printDocument(document: PrintDocument, name: string): Promise<Printed> {
    const printer = printers.get(name);
    if (printer === undefined)
      return err(refusal("no_printer", "operator", `There is no printer ${name} here.`));
    const id = mint.next<JobId>(clock.wallMs());
    const printed = new Promise<Printed>((resolve) => pending.set(id, resolve));
    printer.print({ id, document, deadlineMs: clock.monotonicMs() + BEGIN_WITHIN_MS });
    return await printed;
  }

  async function printSigned(receipt: SignedReceipt | null, printer: string): Promise<Printed> {
    if (receipt === null) return err(refusal("no_receipt", "operator", "There is no such receipt."));
    return await printDocument(receiptDocument(receipt, receiptLink(receipt.token)), printer);
  }

  async function printPayment(paymentId: PaymentId, printer: string): Promise<void> {
    const receipt = store.receiptOfPayment(paymentId);
    // A facility may issue none.
    if (receipt === null) return;
    const printed = await printSigned(receipt, printer);
    const { number } = receipt.receipt;
    if (!printed.ok)
      log.warn({ printer, receipt: number, reason: printed.error.message }, "a receipt was not printed");
  }

  function printAside(paymentId: PaymentId, printer: string): void {
    printPayment(paymentId, printer).catch((error: unknown) =>
      log.warn({ printer, err: error }, "a receipt could not be made"),
    );
  }

  return {
    start: async () => {
      for (const [name, printer] of printers) await printer.start((event) => hear(name, event));
    },
    stop: async () => {
      await Promise.all([...printers.values()].map((printer) => printer.stop()));
    },
    printDocument,
    printReceipt: (number, printer) => printSigned(store.receiptByNumber(number), printer),
    printPayment: printAside,
    recorded: (lane, records) => {
      const printer = lanePrinters.get(lane);
      if (printer === undefined) return;
      for (const record of records) if (record.type === "payment") printAside(record.paymentId, printer);
    },
    openDrawer: (name) => printers.get(name)?.openDrawer() ?? false,
  };
}

function failed(message: string): Printed {
  return err(refusal("print_failed", "device", message));
}
