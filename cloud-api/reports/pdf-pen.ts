import type PDFDocument from "pdfkit";

export type Pdf = InstanceType<typeof PDFDocument>;

export const INK = "#16181d";
export const FAINT = "#6a707c";
const LINE = "#d9dde5";
export const ACCENT = "#2463eb";
export const BELOW = "#c2410c";
export const SHADE = "#f4f6fa";

/** Names under which a document has its two fonts. */
export const REGULAR = "regular";
export const BOLD = "bold";

/** Writes lines of text on the pages of a document. */
export type Pen = {
  readonly pdf: Pdf;
  readonly use: (font: typeof REGULAR | typeof BOLD, size: number, colour: string) => void;
  /** In points, in the font that is in use. */
  readonly widthOf: (text: string) => number;
  /** One line that fits; `align` within the width. What is too long ends with dots. */
  readonly write: (
    text: string,
    x: number,
    y: number,
    width: number,
    align?: "left" | "right" | "center",
  ) => void;
};

/** A size to measure letters at: widths grow with it. */
const MEASURE = 100;

export function createPen(pdf: Pdf): Pen {
  // The library shapes each text anew, which takes most of the time of a long report; letters are a few dozen.
  const widths = new Map<string, number>();
  let font: string = REGULAR;
  let size = MEASURE;

  function letterWidth(letter: string): number {
    const name = `${font} ${letter}`;
    const known = widths.get(name);
    if (known !== undefined) return known;
    pdf.font(font).fontSize(MEASURE);
    const width = pdf.widthOfString(letter) / MEASURE;
    pdf.fontSize(size);
    widths.set(name, width);
    return width;
  }

  function widthOf(text: string): number {
    let sum = 0;
    for (const letter of text) sum += letterWidth(letter);
    return sum * size;
  }

  function cut(text: string, width: number): string {
    const flat = text.replaceAll(/\s+/g, " ").trim().slice(0, 400);
    if (widthOf(flat) <= width) return flat;
    let left = width - widthOf("…");
    let kept = "";
    for (const letter of flat) {
      left -= letterWidth(letter) * size;
      if (left < 0) break;
      kept += letter;
    }
    return kept === "" ? "" : `${kept.trimEnd()}…`;
  }

  return {
    pdf,
    use: (name, points, colour) => {
      font = name;
      size = points;
      pdf.font(name).fontSize(points).fillColor(colour);
    },
    widthOf,
    write: (text, x, y, width, align = "left") => {
      const line = cut(text, width);
      if (line === "") return;
      const free = width - widthOf(line);
      const left = align === "left" ? 0 : align === "right" ? free : free / 2;
      pdf.text(line, x + left, y, { lineBreak: false });
    },
  };
}

export function rule(pdf: Pdf, x: number, y: number, width: number): void {
  pdf
    .moveTo(x, y)
    .lineTo(x + width, y)
    .lineWidth(0.5)
    .strokeColor(LINE)
    .stroke();
}
