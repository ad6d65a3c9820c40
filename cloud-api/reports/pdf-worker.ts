import { parentPort } from "node:worker_threads";
import { reportPdf, type ReportDocument } from "./pdf.ts";
import type { PdfAnswer } from "./pdf-maker.ts";

/** The thread's program: see pdf-maker.ts. */

async function answer(document: ReportDocument): Promise<PdfAnswer> {
  try {
    return { ok: true, pdf: await reportPdf(document) };
  } catch (error) {
    return { ok: false, why: error instanceof Error ? error.message : String(error) };
  }
}

async function reply(document: ReportDocument): Promise<void> {
  parentPort?.postMessage(await answer(document));
}

parentPort?.on("message", (document: ReportDocument) => void reply(document));
