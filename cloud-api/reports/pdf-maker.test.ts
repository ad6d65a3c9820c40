import { describe, expect, it } from "vitest";
import { createPdfMaker } from "./pdf-maker.ts";
import { reportPdf, type ReportDocument } from "./pdf.ts";

const data = (code: string): URL => new URL(`data:text/javascript,${encodeURIComponent(code)}`);
const PORT = 'import { parentPort } from "node:worker_threads";';

function documentOf(title: string): ReportDocument {
  const table = { columns: [], rows: [], summary: [], chart: null, truncated: false };
  return {
    title,
    subject: "Harbour",
    range: "2026-07-15",
    clocks: "",
    madeAt: "2026-07-16T08:00:00.000Z",
    table,
  };
}

describe("PDFs that are made in a thread of their own", () => {
  it(
    "are the same as those that are made here, and nobody waits meanwhile",
    { timeout: 60_000 },
    async () => {
      const maker = createPdfMaker();
      let turns = 0;
      const ticking = setInterval(() => turns++, 1);
      const made = await Promise.all([maker.make(documentOf("one")), maker.make(documentOf("two"))]);
      clearInterval(ticking);
      expect(turns).toBeGreaterThan(2);
      expect(made).toEqual([
        { ok: true, value: await reportPdf(documentOf("one")) },
        { ok: true, value: await reportPdf(documentOf("two")) },
      ]);
    },
  );

  it("are refused when too many wait, and those before them are made", async () => {
    const echo = data(
      `${PORT} parentPort.on("message", () => parentPort.postMessage({ ok: true, pdf: new Uint8Array([1]) }));`,
    );
    const maker = createPdfMaker({ maxWaiting: 2, program: echo });
    const made = await Promise.all(Array.from({ length: 5 }, () => maker.make(documentOf("x"))));
    const codes = made.map((one) => (one.ok ? "made" : one.error.code));
    // One is under way, two wait.
    expect(codes).toEqual(["made", "made", "made", "pdf_busy", "pdf_busy"]);
  });

  it("fail alone: a thread that dies, throws or is silent is started anew for the next", async () => {
    const moody = data(
      `${PORT} parentPort.on("message", ({ title }) => {
        if (title === "die") process.exit(1);
        if (title === "throw") throw new Error("no font");
        if (title !== "silent") parentPort.postMessage({ ok: true, pdf: new Uint8Array([2]) });
      });`,
    );
    const maker = createPdfMaker({ program: moody, timeoutMs: 3_000 });
    const titles = ["die", "x", "throw", "x", "silent", "x"];
    const made = await Promise.all(titles.map((title) => maker.make(documentOf(title))));
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
