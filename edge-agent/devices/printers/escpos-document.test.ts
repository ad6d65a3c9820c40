import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PrintDocument, PrintLine } from "../ports.ts";
import { escposPrinterConfigSchema } from "./escpos-config.ts";
import { type EscposLayout, renderDocument } from "./escpos-document.ts";
import { clearPresenter, drawerKick, jobPieces } from "./escpos-job.ts";

const LAYOUT: EscposLayout = {
  columns: 42,
  codePages: { cp858: 19, cp437: 0 },
  qr: "command",
  qrModuleDots: 6,
};

function hex(document: PrintDocument, layout: Partial<EscposLayout> = {}): string {
  const rendered = renderDocument(document, { ...LAYOUT, ...layout });
  if (!rendered.ok) throw new Error(rendered.error);
  return Buffer.concat(rendered.value).toString("hex");
}

/** The rows of a document as text, styles left out. */
function rows(document: PrintDocument, columns: number): string[] {
  const text = hex(document, { columns })
    .replaceAll(/../g, "$& ")
    .replaceAll(/1b (?:61|45|74) .. |1d 21 .. /g, "");
  return Buffer.from(text.replaceAll(" ", ""), "hex").toString("latin1").split("\n").slice(0, -1);
}

const config = (settings: object = {}) =>
  escposPrinterConfigSchema.parse({ name: "printer", driver: "escpos", tcp: "127.0.0.1:9100", ...settings });

function job(settings: object, document: PrintDocument = []): string {
  const pieces = jobPieces(document, "00a1", config(settings));
  return pieces.ok ? Buffer.concat(pieces.value).toString("hex") : pieces.error;
}

/** DLE EOT, DLE ENQ, DLE DC4. */
function expectNoRealTimeCommand(bytes: Buffer): void {
  for (const name of [0x04, 0x05, 0x14]) expect(bytes.includes(Buffer.of(0x10, name))).toBe(false);
}

/** Halves of surrogate pairs too. */
const anyUnit = fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit));

describe("a document in ESC/POS", () => {
  it("styles every row by itself", () => {
    expect(hex([{ kind: "text", text: "Hi", align: "centre", size: 2, bold: true }])).toBe(
      "1b6101" + "1b4501" + "1d2111" + "4869" + "0a",
    );
    expect(hex([{ kind: "text", text: "2 €" }])).toBe(
      "1b6100" + "1b4500" + "1d2100" + "3220" + "1b7413" + "d5" + "0a",
    );
  });

  it.each([32, 42, 48])("breaks text and pairs at %i columns", (columns) => {
    const text = "The quick brown fox jumps over the lazy dog, again and again";
    const broken = rows([{ kind: "text", text }], columns);
    expect(broken.join(" ")).toBe(text);
    expect(broken.every((row) => row.length <= columns)).toBe(true);
    expect(rows([{ kind: "text", text: "x".repeat(2 * columns + 3) }], columns)).toHaveLength(3);
    const [pair] = rows([{ kind: "pair", left: "Plate", right: "B-PM 1234" }], columns);
    expect(pair).toMatch(/^Plate +B-PM 1234$/);
    expect(pair).toHaveLength(columns);
    const long = rows([{ kind: "pair", left: "a".repeat(columns - 3), right: "four" }], columns);
    expect(long).toEqual(["a".repeat(columns - 3), "four".padStart(columns)]);
  });

  it("prints a QR code by functions 165, 167, 169, 180 and 181", () => {
    const bytes = hex([{ kind: "qr", data: "PKM-1" }]);
    expect(bytes).toContain(
      "1d286b0400314132001d286b03003143061d286b0300314531" +
        "1d286b0800315030504b4d2d31" +
        "1d286b0300315130",
    );
  });

  it("makes the modules of a QR code as small as the paper needs, and refuses what it cannot hold", () => {
    const moduleOf = (length: number, columns: number): string | undefined =>
      /1d286b03003143(..)/.exec(hex([{ kind: "qr", data: "x".repeat(length) }], { columns }))?.[1];
    expect(moduleOf(10, 48)).toBe("06");
    // Version 20 (666 bytes at level M) has 97 modules: with the quiet zone 105 of 5 dots.
    expect(moduleOf(666, 48)).toBe("05");
    expect(moduleOf(666, 32)).toBe("03");
    for (const data of ["", "x".repeat(1_001), "€".repeat(999)]) {
      const refused = renderDocument([{ kind: "qr", data }], { ...LAYOUT, columns: 32 });
      expect(refused).toEqual({ ok: false, error: "the QR code does not fit the paper" });
    }
  });

  it("draws a QR code in bands where the printer cannot", () => {
    const bytes = hex([{ kind: "qr", data: "PKM-A3F7B2C1" }], { qr: "raster" });
    expect(bytes).not.toContain("1d286b");
    // 21 modules of 6 dots: 126 dots, 16 bytes a row, five bands of 24 rows and one of 6.
    expect(
      bytes
        .split("1d7630001000")
        .slice(1)
        .map((band) => band.slice(0, 4)),
    ).toEqual([...Array.from({ length: 5 }, () => "1800"), "0600"]);
  });

  it("never holds a command that the printer would obey at once, whatever the document", () => {
    const text = fc.string({ unit: anyUnit, maxLength: 40 });
    const line = fc.oneof<fc.Arbitrary<PrintLine>[]>(
      fc.record({ kind: fc.constant("text" as const), text, size: fc.constantFrom(1 as const, 2 as const) }),
      fc.record({ kind: fc.constant("pair" as const), left: text, right: text }),
      fc.record({ kind: fc.constant("feed" as const), lines: fc.double() }),
      fc.constant({ kind: "rule" as const }),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 8 }), (document) => {
        const rendered = renderDocument(document, LAYOUT);
        if (!rendered.ok) throw new Error(rendered.error);
        expectNoRealTimeCommand(Buffer.concat(rendered.value));
      }),
    );
  });

  it("draws no QR code with a real-time command in it", () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 1, maxLength: 120 }),
        fc.integer({ min: 3, max: 8 }),
        (data, dots) => {
          const bytes = Buffer.from(hex([{ kind: "qr", data }], { qr: "raster", qrModuleDots: dots }), "hex");
          expectNoRealTimeCommand(bytes);
        },
      ),
      { numRuns: 25 },
    );
  });

  it("is refused when it has no end", () => {
    const endless = Array.from({ length: 201 }, (): PrintLine => ({ kind: "rule" }));
    expect(renderDocument(endless, LAYOUT)).toEqual({ ok: false, error: "the document is too long" });
  });
});

describe("a ticket in ESC/POS", () => {
  it.each([
    [{}, "1b401b5200" + "1d21001b6401" + "1d564200" + "1d28480600303030306131"],
    [
      { cut: "full", confirm: "status", feed_lines: 0 },
      "1b401b5200" + "1d21001b6400" + "1d564100" + "1d7201",
    ],
    [{ cut: "none", confirm: "none" }, "1b401b5200" + "1d21001b6401" + "1d21001b6404"],
    [
      { cancel_kanji: true, asb: true, confirm: "none" },
      "1b401b5200" + "1c2e" + "1d610e" + "1d21001b6401" + "1d564200",
    ],
    [
      { presenter: "custom", present_steps: 9, confirm: "status" },
      "1b401b5200" + "1d21001b6401" + "1b69" + "1d650309" + "1d7201",
    ],
  ])("with %j begins and ends as the printer wants it", (settings, bytes) => {
    expect(job(settings)).toBe(bytes);
  });

  it("is pulled back by GS e 2, and dropped by GS e 5", () => {
    expect([...clearPresenter(config({ untaken: "retract" }))]).toEqual([0x1d, 0x65, 2]);
    expect([...clearPresenter(config({ untaken: "eject" }))]).toEqual([0x1d, 0x65, 5]);
  });

  it("kicks the drawer for no longer than its coil bears", () => {
    expect([...drawerKick(config())]).toEqual([0x1b, 0x70, 0, 50, 200]);
    expect([...drawerKick(config({ drawer_pin: 5, drawer_pulse_ms: 120 }))]).toEqual([
      0x1b, 0x70, 1, 60, 240,
    ]);
  });
});
