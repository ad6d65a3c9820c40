import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import PDFDocument from "pdfkit";
import { create as createQr } from "qrcode";
import type { SignedReceipt } from "@parkme/shared/domain/receipt";
import { type Labelled, type ReceiptText, receiptText, type Sum } from "./receipt-text.ts";

/** A receipt as a PDF: one page as wide as a receipt printer's paper, and as long as it needs to be. */

const MM = 72 / 25.4;
const WIDTH = 80 * MM;
const MARGIN = 7 * MM;
const INNER = WIDTH - 2 * MARGIN;
/** The longest page that every reader shows (PDF 1.7, annex C.2); a receipt of 60 lines is far shorter. */
const MAX_HEIGHT = 14_400;
const QR_SIDE = 27 * MM;
/** Modules of white that a reader needs around a code. */
const QUIET = 4;

const INK = "#16181d";
const FAINT = "#6a707c";
const LINE = "#c9ced8";

/** Symbols of every currency, and letters of most languages: the fonts that come with readers have few. */
const FONTS = join(dirname(createRequire(import.meta.url).resolve("dejavu-fonts-ttf/package.json")), "ttf");
const REGULAR = join(FONTS, "DejaVuSansCondensed.ttf");
const BOLD = join(FONTS, "DejaVuSansCondensed-Bold.ttf");
const MONO = join(FONTS, "DejaVuSansMono.ttf");

type Pdf = InstanceType<typeof PDFDocument>;

/** The same receipt gives the same bytes. `link` as for {@link receiptText}. */
export async function receiptPdf(signed: SignedReceipt, link: string | null): Promise<Uint8Array> {
  const text = receiptText(signed, link);
  const measured = draw(blank(signed, text, MAX_HEIGHT), text, link);
  measured.pdf.end();
  const { pdf } = draw(blank(signed, text, measured.height), text, link);
  const chunks: Uint8Array[] = [];
  const done = new Promise<void>((resolve, reject) => {
    pdf.on("data", (chunk: Uint8Array) => chunks.push(chunk));
    pdf.on("end", resolve);
    pdf.on("error", reject);
  });
  pdf.end();
  await done;
  return Uint8Array.from(Buffer.concat(chunks));
}

function blank({ receipt }: SignedReceipt, { title, issuer }: ReceiptText, height: number): Pdf {
  const madeAt = new Date(receipt.issuedWallMs);
  return new PDFDocument({
    size: [WIDTH, height],
    margin: 0,
    font: REGULAR,
    lang: "en",
    displayTitle: true,
    info: {
      Title: `${title === "RECEIPT" ? "Receipt" : "Credit note"} ${receipt.number}, ${issuer.name}`,
      Author: issuer.name,
      Creator: "ParkMe Gate",
      CreationDate: madeAt,
      ModDate: madeAt,
    },
  });
}

function draw(
  pdf: Pdf,
  text: ReceiptText,
  link: string | null,
): { readonly pdf: Pdf; readonly height: number } {
  let y = MARGIN;
  y = head(pdf, text, y);
  y = rule(pdf, y);
  for (const fact of text.facts) y = row(pdf, fact, y, FACT);
  if (text.trace.length > 0) {
    y = rule(pdf, y);
    for (const line of text.trace) y = row(pdf, line, y, TRACE);
  }
  y = rule(pdf, y);
  for (const sum of text.sums) y = row(pdf, sum, y, weightOf(sum));
  y = rule(pdf, y);
  for (const line of text.payment) y = row(pdf, line, y, FACT);
  y = qrCode(pdf, text.code, y + 4 * MM);
  y = foot(pdf, text, link, y);
  return { pdf, height: y + MARGIN };
}

function head(pdf: Pdf, { issuer, facility, title }: ReceiptText, top: number): number {
  let y = centred(pdf, issuer.name, top, { font: BOLD, size: 12, colour: INK });
  for (const line of issuer.lines) y = centred(pdf, line, y, { font: REGULAR, size: 7.5, colour: FAINT });
  if (facility !== issuer.name)
    y = centred(pdf, facility, y + 1.5 * MM, { font: REGULAR, size: 9, colour: INK });
  pdf.font(BOLD).fontSize(10.5);
  const spaced = { characterSpacing: 2.2, width: INNER, align: "center", lineBreak: false } as const;
  pdf.fillColor(INK).text(title, MARGIN, y + 4 * MM, spaced);
  return y + 4 * MM + pdf.heightOfString(title, spaced);
}

type Style = { readonly font: string; readonly size: number; readonly colour: string };

function centred(pdf: Pdf, text: string, y: number, { font, size, colour }: Style): number {
  const options = { width: INNER, align: "center" } as const;
  pdf.font(font).fontSize(size).fillColor(colour).text(text, MARGIN, y, options);
  return y + pdf.heightOfString(text, options) + 1;
}

function rule(pdf: Pdf, y: number): number {
  const at = y + 2.2 * MM;
  pdf
    .moveTo(MARGIN, at)
    .lineTo(WIDTH - MARGIN, at)
    .lineWidth(0.6)
    .dash(1.6, { space: 1.6 });
  pdf.strokeColor(LINE).stroke().undash();
  return at + 2.2 * MM;
}

type RowStyle = { readonly label: Style; readonly value: Style; readonly gap: number };

const FACT: RowStyle = {
  label: { font: REGULAR, size: 8, colour: FAINT },
  value: { font: REGULAR, size: 8, colour: INK },
  gap: 1.6,
};
const TRACE: RowStyle = {
  label: { font: REGULAR, size: 8, colour: INK },
  value: { font: REGULAR, size: 8, colour: INK },
  gap: 2.4,
};
const STRONG: RowStyle = {
  label: { font: BOLD, size: 11, colour: INK },
  value: { font: BOLD, size: 11, colour: INK },
  gap: 2.4,
};

function weightOf({ strong }: Sum): RowStyle {
  return strong ? STRONG : FACT;
}

/** What belongs together on one line, the value at its right; the one that is too long goes on below. */
function row(pdf: Pdf, { label, value }: Labelled, y: number, style: RowStyle): number {
  pdf.font(style.value.font).fontSize(style.value.size);
  const valueWidth = Math.min(pdf.widthOfString(value) + 0.5, INNER * 0.7);
  const valueBox = { width: valueWidth, align: "right" } as const;
  const valueHeight = pdf.heightOfString(value, valueBox);
  pdf.fillColor(style.value.colour).text(value, WIDTH - MARGIN - valueWidth, y, valueBox);
  pdf.font(style.label.font).fontSize(style.label.size);
  const labelBox = { width: INNER - valueWidth - 2 * MM };
  pdf.fillColor(style.label.colour).text(label, MARGIN, y, labelBox);
  return y + Math.max(valueHeight, pdf.heightOfString(label, labelBox)) + style.gap;
}

/** Drawn as squares, not as a picture: sharp at any size. */
function qrCode(pdf: Pdf, text: string, y: number): number {
  const { modules } = createQr(text, { errorCorrectionLevel: "M" });
  const step = QR_SIDE / (modules.size + 2 * QUIET);
  const left = (WIDTH - QR_SIDE) / 2 + QUIET * step;
  const top = y + QUIET * step;
  for (let line = 0; line < modules.size; line++)
    for (let column = 0; column < modules.size; column++)
      if (modules.get(line, column)) pdf.rect(left + column * step, top + line * step, step, step);
  pdf.fill("#000000");
  return y + QR_SIDE;
}

function foot(pdf: Pdf, { proof }: ReceiptText, link: string | null, top: number): number {
  let y = top;
  if (link !== null) {
    y = centred(pdf, link, y, { font: REGULAR, size: 6.2, colour: FAINT });
    pdf.link(MARGIN, top - QR_SIDE, INNER, y - top + QR_SIDE, link);
  }
  y = rule(pdf, y);
  const mono: RowStyle = {
    label: { font: REGULAR, size: 6.5, colour: FAINT },
    value: { font: MONO, size: 6, colour: FAINT },
    gap: 1.2,
  };
  for (const line of proof) y = row(pdf, line, y, mono);
  return centred(pdf, "Thank you. Drive safely.", y + 3 * MM, { font: BOLD, size: 8, colour: INK });
}
