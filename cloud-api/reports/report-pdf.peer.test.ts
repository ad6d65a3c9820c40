import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { reportPdf, type ReportDocument } from "./pdf.ts";
import type { Column, Row, Table } from "./table.ts";

/** Reports as PDF, read by programs of somebody else's: pdftotext, pdfinfo and pdftoppm of poppler. */

const folder = mkdtempSync(join(tmpdir(), "parkme-reports-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const COLUMNS: readonly Column[] = [
  { key: "facility_id", label: "Facility id", kind: "id" },
  { key: "date", label: "Date", kind: "date" },
  { key: "actor", label: "Who", kind: "text" },
  { key: "net", label: "Net", kind: "money" },
];

function documentOf(table: Partial<Table> = {}, more: Partial<ReportDocument> = {}): ReportDocument {
  const rows: Row[] = [
    { facility_id: "not-shown", date: "2026-07-14", actor: "alex", net: "-12.50" },
    { facility_id: "not-shown", date: "2026-07-15", actor: "x".repeat(300), net: null },
  ];
  return {
    title: "Revenue",
    subject: "Harbour Square",
    range: "2026-07-14 to 2026-07-15",
    clocks: "Times of Europe/Berlin",
    madeAt: "2026-07-16T08:00:00.000Z",
    table: {
      columns: COLUMNS,
      rows,
      summary: [{ label: "Net", facility: null, value: "48120.50", unit: "EUR" }],
      chart: {
        kind: "bars",
        title: "Net by day, EUR",
        bars: [
          { label: "2026-07-14", value: -12.5 },
          { label: "2026-07-15", value: 1_800 },
        ],
        limit: null,
      },
      truncated: false,
      ...table,
    },
    ...more,
  };
}

async function read(document: ReportDocument) {
  const path = join(folder, "report.pdf");
  writeFileSync(path, await reportPdf(document));
  const tool = (name: string, ...args: readonly string[]): string =>
    execFileSync(name, args, { encoding: "utf8" });
  return {
    text: tool("pdftotext", "-layout", path, "-"),
    info: tool("pdfinfo", path),
    /** The colours of the first page as a picture, and how many points of it have each. */
    colours: (): Map<string, number> => {
      execFileSync("pdftoppm", ["-r", "50", "-f", "1", "-l", "1", "-singlefile", path, join(folder, "page")]);
      return coloursOf(execFileSync("cat", [join(folder, "page.ppm")]));
    },
  };
}

function coloursOf(ppm: Buffer): Map<string, number> {
  // P6, width, height, 255: then three bytes for each point.
  const head = /^P6\s+\d+\s+\d+\s+255\s/.exec(ppm.subarray(0, 40).toString("latin1"));
  const counts = new Map<string, number>();
  for (let at = head![0].length; at + 2 < ppm.length; at += 3) {
    const colour = ppm.subarray(at, at + 3).toString("hex");
    counts.set(colour, (counts.get(colour) ?? 0) + 1);
  }
  return counts;
}

describe("a report as PDF", () => {
  it("says what it is, what it sums up to, and every line of it", async () => {
    const { text, info } = await read(documentOf());
    expect(text).toContain("Harbour Square, 2026-07-14 to 2026-07-15");
    expect(text).toContain("Times of Europe/Berlin");
    expect(text).toMatch(/48120\.50\s+EUR/);
    expect(text).toMatch(/Date\s+Who\s+Net/);
    expect(text).toMatch(/2026-07-14\s+alex\s+-12\.50/);
    expect(text).toMatch(/2026-07-15\s+x{40,}…/);
    expect(text).toContain("Page 1 of 1");
    expect(text).not.toContain("not-shown");
    expect(info).toMatch(/Title:\s+Revenue, Harbour Square/);
    expect(info).toMatch(/Page size:\s+595\.28 x 841\.89 pts \(A4\)/);
  });

  it("has a chart that can be seen: bars up in one colour, bars down in another", async () => {
    const drawn = (await read(documentOf())).colours();
    expect(drawn.get("2463eb") ?? 0).toBeGreaterThan(100);
    expect(drawn.get("c2410c") ?? 0).toBeGreaterThan(0);
    const plain = (await read(documentOf({ chart: null }))).colours();
    expect([plain.get("2463eb"), plain.get("c2410c")]).toEqual([undefined, undefined]);
  });

  it("draws a curve, and what it should not pass", async () => {
    const bars = Array.from({ length: 48 }, (_, hour) => ({
      label: `h${hour}`,
      value: 60 + 50 * Math.sin(hour / 6),
    }));
    const { text } = await read(
      documentOf({ chart: { kind: "line", title: "Vehicles inside", bars, limit: 120 } }),
    );
    expect(text).toContain("Vehicles inside");
    // The axis goes as far as what should not be passed.
    expect(text).toMatch(/\b150\b/);
  });

  it("goes on over pages, each with its header, and says where it ends", async () => {
    const rows = Array.from({ length: 520 }, (_, n): Row => ({
      date: "2026-07-15",
      actor: `n${n}`,
      net: `${n}.00`,
    }));
    const { text, info } = await read(documentOf({ rows }));
    const pages = Number(/Pages:\s+(\d+)/.exec(info)?.[1]);
    expect(pages).toBeGreaterThan(8);
    expect(text.match(/Date\s+Who\s+Net/g)).toHaveLength(pages);
    expect(text).toMatch(/n499\s+499\.00/);
    expect(text).not.toMatch(/n500\b/);
    expect(text).toContain("There are 20 more lines");
    expect(text).toContain(`Page ${pages} of ${pages}`);
  });

  it("writes the letters of any language, and is the same every time", { timeout: 60_000 }, async () => {
    const document = documentOf({}, { subject: "Şişli Otopark Ελλάδα Площадь ₹" });
    const { text } = await read(document);
    expect(text).toContain("Şişli Otopark Ελλάδα Площадь ₹");
    expect(await reportPdf(document)).toEqual(await reportPdf(document));
  });

  it("says so where there is nothing", async () => {
    const { text } = await read(documentOf({ rows: [], summary: [], chart: null }));
    expect(text).toContain("Nothing happened in this time.");
  });
});
