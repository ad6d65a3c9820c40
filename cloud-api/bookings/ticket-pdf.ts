import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import PDFDocument from "pdfkit";
import { create as createQr } from "qrcode";
import type { Ticket } from "./ticket.ts";

/** A ticket as a PDF of the size of a card: it fits a wallet. */

const MM = 72 / 25.4;
const WIDTH = 54 * MM;
const HEIGHT = 85.6 * MM;
const MARGIN = 4 * MM;
const INNER = WIDTH - 2 * MARGIN;
const QR_SIDE = 34 * MM;
/** Modules of white that a reader needs around a code. */
const QUIET = 4;

const INK = "#16181d";
const FAINT = "#5b616d";
const LINE = "#c9ced8";

/** Every reader has them, and nothing has to be put into the file. */
const REGULAR = "Helvetica";
const BOLD = "Helvetica-Bold";
/** Characters that those have: of Latin-1, what can be seen. */
const IN_PLAIN = /^[\x20-\x7e\xa0-\xff]*$/;
/** Letters of most languages. It takes a while to read, so it is where it is needed, and only once. */
const MANY_LETTERS = join(
  dirname(createRequire(import.meta.url).resolve("dejavu-fonts-ttf/package.json")),
  "ttf/DejaVuSansCondensed.ttf",
);

type Pdf = InstanceType<typeof PDFDocument>;

export async function ticketPdf(ticket: Ticket): Promise<Buffer> {
  const pdf = new PDFDocument({
    size: [WIDTH, HEIGHT],
    margin: 0,
    font: REGULAR,
    lang: "en",
    displayTitle: true,
    info: { Title: `Ticket ${ticket.ticket_number}`, Author: ticket.facility.name, Creator: "ParkMe" },
  });
  const chunks: Buffer[] = [];
  const done = new Promise<void>((resolve, reject) => {
    pdf.on("data", (chunk: Buffer) => chunks.push(chunk));
    pdf.on("end", resolve);
    pdf.on("error", reject);
  });
  draw(pdf, ticket);
  pdf.end();
  await done;
  return Buffer.concat(chunks);
}

function fontFor(text: string, plain: string): string {
  return IN_PLAIN.test(text) ? plain : MANY_LETTERS;
}

function draw(pdf: Pdf, { facility, ...ticket }: Ticket): void {
  const middle = { width: INNER, align: "center", ellipsis: true } as const;
  pdf.font(fontFor(facility.name, BOLD)).fontSize(9).fillColor(INK);
  pdf.text(facility.name, MARGIN, MARGIN, { ...middle, height: 11 });
  pdf.font(fontFor(facility.address, REGULAR)).fontSize(6).fillColor(FAINT);
  pdf.text(facility.address, MARGIN, MARGIN + 12, { ...middle, height: 8 });
  let y = qrCode(pdf, ticket.qr_text, MARGIN + 19);
  pdf.font(BOLD).fontSize(12).fillColor(INK).text(ticket.ticket_number, MARGIN, y, middle);
  y = rule(pdf, y + 18);
  for (const [label, value] of factsOf(ticket)) {
    pdf.font(REGULAR).fontSize(6).fillColor(FAINT);
    pdf.text(label, MARGIN, y + 1, { lineBreak: false });
    pdf.font(fontFor(value, BOLD)).fontSize(7).fillColor(INK);
    const box = { width: INNER - 28, height: 10, align: "right", ellipsis: true } as const;
    pdf.text(value, MARGIN + 28, y, box);
    y += 10.5;
  }
  y = rule(pdf, y + 3);
  pdf.font(REGULAR).fontSize(6).fillColor(FAINT);
  pdf.text("Show this code at the gate.", MARGIN, y, middle);
}

function rule(pdf: Pdf, y: number): number {
  pdf
    .moveTo(MARGIN, y)
    .lineTo(WIDTH - MARGIN, y)
    .lineWidth(0.5)
    .strokeColor(LINE)
    .stroke();
  return y + 4;
}

function factsOf(ticket: Omit<Ticket, "facility">): readonly (readonly [string, string])[] {
  const space = ticket.spot_number ?? ticket.zone ?? ticket.class ?? "any";
  return [
    ["Plate", ticket.plate],
    [ticket.spot_number === null ? "Space" : "Spot", space],
    ["From", ticket.entry_local],
    ["Until", ticket.exit_local],
    ["Price", `${ticket.price} ${ticket.currency}`],
  ];
}

/** Drawn as squares, not as a picture: sharp at any size. @returns what is below it. */
function qrCode(pdf: Pdf, text: string, top: number): number {
  const { modules } = createQr(text, { errorCorrectionLevel: "M" });
  const step = QR_SIDE / (modules.size + 2 * QUIET);
  const left = (WIDTH - QR_SIDE) / 2 + QUIET * step;
  for (let line = 0; line < modules.size; line++)
    for (let column = 0; column < modules.size; column++)
      if (modules.get(line, column)) pdf.rect(left + column * step, top + (line + QUIET) * step, step, step);
  pdf.fill("#000000");
  return top + QR_SIDE;
}
