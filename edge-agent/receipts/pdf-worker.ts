import { parentPort } from "node:worker_threads";
import type { PdfAnswer, PdfOrder } from "./pdf-maker.ts";
import { receiptPdf } from "./pdf.ts";

/** A thread of its own: a PDF takes a hundred milliseconds and more, in which a vehicle would wait at the arm. */

async function answer({ signed, link }: PdfOrder): Promise<PdfAnswer> {
  try {
    return { ok: true, pdf: await receiptPdf(signed, link) };
  } catch (error) {
    return { ok: false, why: error instanceof Error ? error.message : String(error) };
  }
}

async function reply(order: PdfOrder): Promise<void> {
  parentPort?.postMessage(await answer(order));
}

parentPort?.on("message", (order: PdfOrder) => void reply(order));
