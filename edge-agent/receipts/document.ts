import type { SignedReceipt } from "@parkme/shared/domain/receipt";
import type { PrintDocument, PrintLine } from "../devices/ports.ts";
import { type Labelled, receiptText } from "./receipt-text.ts";

/** A receipt or credit note for a printer. `link` as for {@link receiptText}. */
export function receiptDocument(signed: SignedReceipt, link: string | null): PrintDocument {
  const { title, issuer, facility, facts, trace, sums, payment, proof, code } = receiptText(signed, link);
  return [
    { kind: "text", text: issuer.name, align: "centre", bold: true },
    ...issuer.lines.map((text) => centred(text)),
    // Who has no issuer of receipts set up signs them with the facility's name alone.
    ...(facility === issuer.name ? [] : [centred(facility)]),
    { kind: "feed", lines: 1 },
    { kind: "text", text: title, align: "centre", size: 2, bold: true },
    { kind: "rule" },
    ...facts.map(pair),
    { kind: "rule" },
    ...trace.map(pair),
    ...(trace.length === 0 ? [] : [{ kind: "rule" } as const]),
    // Printers write pairs in one weight only: capitals have to do.
    ...sums.map(({ label, value, strong }) => pair({ label: strong ? label.toUpperCase() : label, value })),
    { kind: "rule" },
    ...payment.map(pair),
    { kind: "rule" },
    ...proof.map(pair),
    { kind: "qr", data: code },
    ...(link === null ? [] : [centred("Scan for this receipt as a PDF.")]),
    centred("Thank you. Drive safely."),
  ];
}

function centred(text: string): PrintLine {
  return { kind: "text", text, align: "centre" };
}

function pair({ label, value }: Labelled): PrintLine {
  return { kind: "pair", left: label, right: value };
}
