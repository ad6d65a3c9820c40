import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import PDFDocument from "pdfkit";
import { plotOf, type Plot } from "./pdf-chart.ts";
import {
  ACCENT,
  BELOW,
  BOLD,
  createPen,
  FAINT,
  INK,
  REGULAR,
  rule,
  SHADE,
  type Pdf,
  type Pen,
} from "./pdf-pen.ts";
import type { Cell, Chart, Column, Figure, Row, Table } from "./table.ts";

/** A report as a PDF of A4 pages: what it sums up to, a chart, and its lines. */

export type ReportDocument = {
  readonly title: string;
  /** The facility, or how many. */
  readonly subject: string;
  readonly range: string;
  /** Whose clocks its times are of. */
  readonly clocks: string;
  /** RFC 3339. */
  readonly madeAt: string;
  readonly table: Table;
};

const MARGIN = 40;
const FOOT = 24;
const TEXT_SIZE = 8;
const ROW_HEIGHT = 14;
/** Longer reports go on as CSV. */
const MAX_ROWS = 500;
const MAX_FIGURES = 8;
const CHART_HEIGHT = 130;

type Fonts = { readonly regular: string; readonly bold: string };
/** Every reader has them, and nothing has to be put into the file. */
const PLAIN: Fonts = { regular: "Helvetica", bold: "Helvetica-Bold" };
/** Of their characters, those that can be seen. */
const IN_PLAIN = /^[\s\x20-\x7e\xa0-\xff\u2026]*$/;

/** Letters of most languages. Reading them takes a while, so it is done where they are needed. */
function manyLetters(): Fonts {
  const folder = join(
    dirname(createRequire(import.meta.url).resolve("dejavu-fonts-ttf/package.json")),
    "ttf",
  );
  return {
    regular: join(folder, "DejaVuSansCondensed.ttf"),
    bold: join(folder, "DejaVuSansCondensed-Bold.ttf"),
  };
}

function fontsFor({ title, subject, range, table }: ReportDocument): Fonts {
  const words = [
    title,
    subject,
    range,
    ...table.rows.flatMap((row) => Object.values(row)),
    ...table.summary.flatMap(({ label, facility, unit }) => [label, facility, unit]),
  ];
  return words.every((text) => IN_PLAIN.test(String(text))) ? PLAIN : manyLetters();
}

/** The same report gives the same bytes. */
export async function reportPdf(report: ReportDocument): Promise<Uint8Array> {
  const { table } = report;
  // Ids are for programs, and as wide as three columns.
  const columns = table.columns.filter(({ kind }) => kind !== "id");
  const pdf = blank(report, columns.length > 7, fontsFor(report));
  const chunks: Uint8Array[] = [];
  const done = new Promise<void>((resolve, reject) => {
    pdf.on("data", (chunk: Uint8Array) => chunks.push(chunk));
    pdf.on("end", resolve);
    pdf.on("error", reject);
  });
  const pen = createPen(pdf);
  let y = head(pen, report);
  y = figures(pen, table.summary, y);
  if (table.chart !== null) y = chart(pen, table.chart, y);
  lines(pen, table, columns, y);
  feet(pen, report);
  pdf.end();
  await done;
  return Uint8Array.from(Buffer.concat(chunks));
}

function blank({ title, subject, madeAt }: ReportDocument, wide: boolean, fonts: Fonts): Pdf {
  const at = new Date(madeAt);
  const pdf = new PDFDocument({
    size: "A4",
    layout: wide ? "landscape" : "portrait",
    margin: 0,
    font: fonts.regular,
    lang: "en",
    bufferPages: true,
    displayTitle: true,
    info: { Title: `${title}, ${subject}`, Creator: "ParkMe Gate", CreationDate: at, ModDate: at },
  });
  pdf.registerFont(REGULAR, fonts.regular);
  pdf.registerFont(BOLD, fonts.bold);
  return pdf;
}

function inner(pdf: Pdf): number {
  return pdf.page.width - 2 * MARGIN;
}

function head(pen: Pen, { title, subject, range, clocks }: ReportDocument): number {
  const width = inner(pen.pdf);
  pen.use(BOLD, 19, INK);
  pen.write(title, MARGIN, MARGIN, width);
  pen.use(REGULAR, 11, INK);
  pen.write(`${subject}, ${range}`, MARGIN, MARGIN + 26, width);
  pen.use(REGULAR, 8, FAINT);
  pen.write(clocks, MARGIN, MARGIN + 43, width);
  return MARGIN + 62;
}

/** Four beside each other. */
function figures(pen: Pen, all: readonly Figure[], top: number): number {
  const shown = all.slice(0, MAX_FIGURES);
  if (shown.length === 0) return top;
  const [gap, height] = [8, 44];
  const width = (inner(pen.pdf) - 3 * gap) / 4;
  for (const [index, figure] of shown.entries()) {
    const x = MARGIN + (index % 4) * (width + gap);
    const y = top + Math.floor(index / 4) * (height + gap);
    pen.pdf.roundedRect(x, y, width, height, 4).fill(SHADE);
    tile(pen, figure, x + 8, y, width - 16);
  }
  return top + Math.ceil(shown.length / 4) * (height + gap) + 8;
}

function tile(pen: Pen, { label, facility, value, unit }: Figure, x: number, y: number, width: number): void {
  pen.use(REGULAR, 7.5, FAINT);
  pen.write(facility === null ? label : `${label}, ${facility}`, x, y + 8, width);
  pen.use(BOLD, 13, INK);
  const text = cellText(value);
  pen.write(text, x, y + 20, width);
  const beside = pen.widthOf(text) + 4;
  pen.use(REGULAR, 7.5, FAINT);
  if (unit !== null) pen.write(unit, x + beside, y + 25.5, width - beside);
}

function chart(pen: Pen, what: Chart, top: number): number {
  const { pdf } = pen;
  const axis = 44;
  const area = { x: MARGIN + axis, y: top + 20, width: inner(pdf) - axis, height: CHART_HEIGHT };
  const plot = plotOf(what, area);
  pen.use(BOLD, 9, INK);
  pen.write(what.title, MARGIN, top, inner(pdf));
  pen.use(REGULAR, 7, FAINT);
  for (const { y, label } of plot.ticks) {
    rule(pdf, area.x, y, area.width);
    pen.write(label, MARGIN, y - 4, axis - 6, "right");
  }
  for (const { x, y, width, height } of plot.bars)
    pdf.rect(x, y, width, Math.max(height, 0.01)).fill(y >= plot.baseline ? BELOW : ACCENT);
  curve(pdf, plot);
  if (plot.limitY !== null) {
    const right = area.x + area.width;
    pdf.moveTo(area.x, plot.limitY).lineTo(right, plot.limitY).lineWidth(0.8).dash(3, { space: 2 });
    pdf.strokeColor(BELOW).stroke().undash();
  }
  pen.use(REGULAR, 6.5, FAINT);
  for (const { x, width, text } of plot.labels) pen.write(text, x, area.y + area.height + 5, width, "center");
  return area.y + area.height + 28;
}

function curve(pdf: Pdf, { points, baseline }: Plot): void {
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined) return;
  const trace = (): void => {
    pdf.moveTo(first.x, first.y);
    for (const { x, y } of points.slice(1)) pdf.lineTo(x, y);
  };
  trace();
  pdf.lineTo(last.x, baseline).lineTo(first.x, baseline).closePath().fillOpacity(0.12).fill(ACCENT);
  pdf.fillOpacity(1);
  trace();
  pdf.lineWidth(1.2).strokeColor(ACCENT).stroke();
}

function lines(pen: Pen, { rows, truncated }: Table, columns: readonly Column[], top: number): void {
  const { pdf } = pen;
  const shown = rows.slice(0, MAX_ROWS);
  const widths = widthsOf(pen, columns, shown);
  let y = header(pen, columns, widths, top);
  for (const [index, row] of shown.entries()) {
    if (y + ROW_HEIGHT > pdf.page.height - MARGIN - FOOT) {
      pdf.addPage();
      y = header(pen, columns, widths, MARGIN);
    }
    if (index % 2 === 1) pdf.rect(MARGIN, y, inner(pdf), ROW_HEIGHT).fill(SHADE);
    pen.use(REGULAR, TEXT_SIZE, INK);
    cells(pen, columns, widths, y, ({ key }) => cellText(row[key] ?? null));
    y += ROW_HEIGHT;
  }
  pen.use(REGULAR, TEXT_SIZE, FAINT);
  const note = noteOf(rows.length, truncated);
  if (note !== null) pen.write(note, MARGIN, y + 6, inner(pdf));
}

/** What is said below the lines, where they are not all. */
function noteOf(count: number, truncated: boolean): string | null {
  if (count === 0) return "Nothing happened in this time.";
  if (truncated) return "There was more in this time than a report has: ask for fewer days.";
  return count > MAX_ROWS
    ? `There are ${count - MAX_ROWS} more lines: the CSV of this report has all of them.`
    : null;
}

function header(pen: Pen, columns: readonly Column[], widths: readonly number[], top: number): number {
  pen.use(BOLD, TEXT_SIZE, FAINT);
  cells(pen, columns, widths, top, ({ label }) => label);
  rule(pen.pdf, MARGIN, top + ROW_HEIGHT, inner(pen.pdf));
  return top + ROW_HEIGHT + 1;
}

const PADDING = 4;
const NUMBERS: ReadonlySet<string> = new Set(["count", "number", "minutes", "percent", "money"]);

function cells(
  pen: Pen,
  columns: readonly Column[],
  widths: readonly number[],
  y: number,
  textOf: (column: Column) => string,
): void {
  let x = MARGIN;
  for (const [index, column] of columns.entries()) {
    const width = widths[index] ?? 0;
    const align = NUMBERS.has(column.kind) ? "right" : "left";
    pen.write(textOf(column), x + PADDING, y + 3, width - 2 * PADDING, align);
    x += width;
  }
}

/** As wide as what is in them; where that is too much, the wide ones give. */
function widthsOf(pen: Pen, columns: readonly Column[], rows: readonly Row[]): number[] {
  const room = inner(pen.pdf);
  const natural = columns.map(({ key, label }) => {
    const longest = rows
      .map((row) => cellText(row[key] ?? null))
      .reduce((most, text) => (text.length > most.length ? text : most), "");
    pen.use(BOLD, TEXT_SIZE, INK);
    const widest = Math.max(pen.widthOf(label), pen.widthOf(longest.slice(0, 80)));
    return widest + 2 * PADDING + 2;
  });
  const total = natural.reduce((sum, width) => sum + width, 0);
  if (total <= room) return natural.map((width) => (width * room) / total);
  const fair = room / columns.length;
  const narrow = natural.filter((width) => width <= fair).reduce((sum, width) => sum + width, 0);
  return natural.map((width) => (width <= fair ? width : (width * (room - narrow)) / (total - narrow)));
}

function cellText(cell: Cell): string {
  return cell === null ? "" : String(cell);
}

function feet(pen: Pen, { title, subject, madeAt }: ReportDocument): void {
  const { pdf } = pen;
  const { count } = pdf.bufferedPageRange();
  for (let page = 0; page < count; page++) {
    pdf.switchToPage(page);
    const y = pdf.page.height - MARGIN - 6;
    pen.use(REGULAR, 7, FAINT);
    pen.write(`${title}, ${subject}; made at ${madeAt}`, MARGIN, y, inner(pdf) - 80);
    pen.write(`Page ${page + 1} of ${count}`, MARGIN, y, inner(pdf), "right");
  }
}
