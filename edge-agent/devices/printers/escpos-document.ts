import { err, ok, type Result } from "@parkme/shared/domain/result";
import type { PrintDocument, PrintLine } from "../ports.ts";
import { type CodePage, createPageText, type PageText } from "./code-pages.ts";
import { rasterQr } from "./qr-raster.ts";
import { fittingModuleDots, qrSideModules } from "./qr-size.ts";

/** How one make of printer wants a document. Commands by their names in Epson's ESC/POS command reference. */
export type EscposLayout = {
  /** Characters of font A in a line. */
  readonly columns: number;
  /** The number that ESC t takes for each page that the printer has, in order of preference. */
  readonly codePages: Readonly<Partial<Record<CodePage, number>>>;
  /** The printer's own QR command, or an image for printers without one. */
  readonly qr: "command" | "raster";
  readonly qrModuleDots: number;
};

const ESC = 0x1b;
const GS = 0x1d;
const LF = 0x0a;
/** Width of a character of font A. */
const COLUMN_DOTS = 12;
/** A ticket has some 20 lines; a page without end is a mistake of whoever composed it. */
const MAX_LINES = 200;
const MAX_FEED = 20;
const MAX_QR_CHARACTERS = 1_000;
const PACKET_BYTES = 256;

/**
 * Bytes of a document, in pieces of whole commands: a question for the status may go between two pieces, but never
 * into the middle of one. An error says in words why the document cannot be printed.
 */
export function renderDocument(document: PrintDocument, layout: EscposLayout): Result<Uint8Array[], string> {
  if (document.length > MAX_LINES) return err("the document is too long");
  const pages = Object.keys(layout.codePages) as CodePage[];
  const text = createPageText(pages, (page) => [ESC, 0x74, layout.codePages[page] ?? 0]);
  const pieces: Uint8Array[] = [];
  for (const line of document) {
    const rendered = renderLine(line, layout, text);
    if (!rendered.ok) return rendered;
    pieces.push(...rendered.value);
  }
  return ok(packed(pieces));
}

function renderLine(line: PrintLine, layout: EscposLayout, text: PageText): Result<Uint8Array[], string> {
  const { columns } = layout;
  switch (line.kind) {
    case "text": {
      const size = line.size ?? 1;
      const rows = wrapped(text.printable(line.text), Math.floor(columns / size));
      const style = { isCentred: line.align === "centre", isBold: line.bold === true, size };
      return ok(rows.map((row) => styled(text.encode(row), style)));
    }
    case "pair": {
      const rows = pairRows(text.printable(line.left), text.printable(line.right), columns);
      return ok(rows.map((row) => styled(text.encode(row), PLAIN)));
    }
    case "rule":
      return ok([styled(text.encode(text.printable("─").repeat(columns)), PLAIN)]);
    case "feed":
      return ok([feed(line.lines)]);
    case "qr":
      return qrCode(line.data, layout);
  }
}

type Style = { readonly isCentred: boolean; readonly isBold: boolean; readonly size: 1 | 2 };
const PLAIN: Style = { isCentred: false, isBold: false, size: 1 };

/** Every row sets its own style, so that none depends on what came before it. */
function styled(row: Uint8Array, { isCentred, isBold, size }: Style): Uint8Array {
  const align = [ESC, 0x61, isCentred ? 1 : 0];
  const bold = [ESC, 0x45, isBold ? 1 : 0];
  const height = [GS, 0x21, size === 2 ? 0x11 : 0x00];
  return Uint8Array.from([...align, ...bold, ...height, ...row, LF]);
}

/** Prints what the line holds, and feeds. */
export function feed(lines: number): Uint8Array {
  const bounded = Math.max(0, Math.min(MAX_FEED, Math.floor(lines)));
  // A feed is as high as the last style was.
  return Uint8Array.of(GS, 0x21, 0, ESC, 0x64, bounded);
}

/** Breaks at blanks where there are any; a longer word is broken where the line ends. */
function wrapped(text: string, width: number): string[] {
  const rows: string[] = [];
  let row = "";
  for (const word of text.trimEnd().split(" ")) {
    const longer = rows.length === 0 && row === "" ? word : `${row} ${word}`;
    if (longer.length <= width) {
      row = longer;
      continue;
    }
    if (row !== "") rows.push(row);
    row = word;
    for (; row.length > width; row = row.slice(width)) rows.push(row.slice(0, width));
  }
  return [...rows, row].slice(0, MAX_LINES);
}

function pairRows(left: string, right: string, columns: number): string[] {
  const gap = columns - left.length - right.length;
  if (gap >= 1) return [left + " ".repeat(gap) + right];
  return [...wrapped(left, columns), ...wrapped(right, columns).map((row) => row.padStart(columns))];
}

function qrCode(data: string, { columns, qr, qrModuleDots }: EscposLayout): Result<Uint8Array[], string> {
  const bytes = Buffer.from(data);
  const side = data.length > MAX_QR_CHARACTERS || data === "" ? null : qrSideModules(bytes.length);
  const dots = side === null ? null : fittingModuleDots(side, columns * COLUMN_DOTS, qrModuleDots);
  if (dots === null) return err("the QR code does not fit the paper");
  const centre = Uint8Array.of(ESC, 0x61, 1);
  const body = qr === "raster" ? rasterQr(data, dots) : qrCommands(bytes, dots);
  // The printer leaves no quiet zone above and below.
  return ok([feed(1), centre, ...body, feed(1)]);
}

/** GS ( k functions 165, 167, 169, 180 and 181: model 2, size, correction level M, the data, print. */
function qrCommands(data: Uint8Array, moduleDots: number): Uint8Array[] {
  const command = (fn: number, ...parameters: number[]): Uint8Array => {
    const length = parameters.length + 2;
    return Uint8Array.of(GS, 0x28, 0x6b, length & 0xff, length >> 8, 0x31, fn, ...parameters);
  };
  return [
    command(65, 50, 0),
    command(67, moduleDots),
    command(69, 49),
    command(80, 48, ...data),
    command(81, 48),
  ];
}

/** Joins small pieces: fewer, fuller packets. */
function packed(pieces: readonly Uint8Array[]): Uint8Array[] {
  const packets: Uint8Array[] = [];
  for (const piece of pieces) {
    const last = packets.at(-1);
    if (last !== undefined && last.length + piece.length <= PACKET_BYTES) {
      packets[packets.length - 1] = Uint8Array.from([...last, ...piece]);
    } else {
      packets.push(piece);
    }
  }
  return packets;
}
