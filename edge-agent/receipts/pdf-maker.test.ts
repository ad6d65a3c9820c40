import { describe, expect, it } from "vitest";
import { createPdfMaker } from "./pdf-maker.ts";
import { receiptPdf } from "./pdf.ts";
import { signed } from "./testing/receipts.ts";

const LINK = "http://127.0.0.1/r/abc";
const data = (code: string): URL => new URL(`data:text/javascript,${encodeURIComponent(code)}`);
const PORT = 'import { parentPort } from "node:worker_threads";';

describe("a PDF that is made beside the lanes", () => {
  it("is the same, and the lanes' thread is free meanwhile", { timeout: 60_000 }, async () => {
    const maker = createPdfMaker();
    let turns = 0;
    const ticking = setInterval(() => turns++, 1);
    const made = await Promise.all([maker.make(signed(), LINK), maker.make(signed({ number: 7 }), LINK)]);
    clearInterval(ticking);
    expect(turns).toBeGreaterThan(2);
    expect(made).toEqual([
      { ok: true, value: await receiptPdf(signed(), LINK) },
      { ok: true, value: await receiptPdf(signed({ number: 7 }), LINK) },
    ]);
  });

  it("is refused when too many wait, and those before it are made", async () => {
    const echo = data(
      `${PORT} parentPort.on("message", () => parentPort.postMessage({ ok: true, pdf: new Uint8Array([1]) }));`,
    );
    const maker = createPdfMaker({ maxWaiting: 2, program: echo });
    const made = await Promise.all(Array.from({ length: 5 }, () => maker.make(signed(), null)));
    const codes = made.map((one) => (one.ok ? "made" : one.error.code));
    // One is under way, two wait.
    expect(codes).toEqual(["made", "made", "made", "pdf_busy", "pdf_busy"]);
  });

  it("fails alone: a thread that dies, throws or is silent is started anew for the next", async () => {
    const moody = data(
      `${PORT} parentPort.on("message", ({ link }) => {
        if (link === "die") process.exit(1);
        if (link === "throw") throw new Error("no font");
        if (link !== "silent") parentPort.postMessage({ ok: true, pdf: new Uint8Array([2]) });
      });`,
    );
    const maker = createPdfMaker({ program: moody, timeoutMs: 3_000 });
    const made = await Promise.all(
      ["die", null, "throw", null, "silent", null].map((link) => maker.make(signed(), link)),
    );
    expect(made.map((one) => (one.ok ? "made" : one.error.message))).toEqual([
      "the thread has ended",
      "made",
      "no font",
      "made",
      "it took too long",
      "made",
    ]);
  });
});
