import { create } from "qrcode";
import type { ValidationCode } from "./code-maker.ts";

/** Pages of merchants' codes to print and cut: A4, in millimetres. */

const PAGE = { width: 210, height: 297, margin: 10 };
const COLUMNS = 4;
const ROWS = 6;
const CELL = {
  width: (PAGE.width - 2 * PAGE.margin) / COLUMNS,
  height: (PAGE.height - 2 * PAGE.margin) / ROWS,
};
const QR_SIDE = 36;
const QUIET_MODULES = 4;
/** Longer lines run into the next column. */
const MAX_LINE = 34;

/**
 * @param words what stands under each code, above its number: two lines.
 * @returns one SVG for each page of 24 codes.
 */
export function codeSheets(
  words: readonly [string, string],
  codes: readonly ValidationCode[],
): readonly string[] {
  const perPage = COLUMNS * ROWS;
  const pages = Array.from({ length: Math.ceil(codes.length / perPage) }, (_, page) =>
    codes.slice(page * perPage, (page + 1) * perPage),
  );
  return pages.map((page) => {
    const { width, height } = PAGE;
    const head = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}mm" height="${height}mm" viewBox="0 0 ${width} ${height}">`;
    const paper = `<rect width="${width}" height="${height}" fill="#fff"/>`;
    return `${head}\n${paper}\n${page.map((code, i) => cell(words, code, i)).join("\n")}\n</svg>\n`;
  });
}

function cell(words: readonly [string, string], { serial, text }: ValidationCode, place: number): string {
  const x = PAGE.margin + (place % COLUMNS) * CELL.width;
  const y = PAGE.margin + Math.floor(place / COLUMNS) * CELL.height;
  const left = x + (CELL.width - QR_SIDE) / 2;
  const middle = x + CELL.width / 2;
  const lines = [...words, serial].map((line, i) => {
    const at = `x="${fixed(middle)}" y="${fixed(y + QR_SIDE + 2 + i * 3.2)}"`;
    const short = escaped(line.slice(0, MAX_LINE));
    return `<text ${at} font-family="sans-serif" font-size="2.6" text-anchor="middle">${short}</text>`;
  });
  return `<g>${qrPath(text, left, y)}\n${lines.join("\n")}</g>`;
}

/** One path of all dark modules, a run of them in a row at a time. */
function qrPath(text: string, left: number, top: number): string {
  const { modules } = create(text, { errorCorrectionLevel: "M" });
  const scale = QR_SIDE / (modules.size + 2 * QUIET_MODULES);
  let path = "";
  for (let row = 0; row < modules.size; row++) {
    for (let column = 0; column < modules.size; column++) {
      const from = column;
      while (column < modules.size && modules.data[row * modules.size + column] === 1) column += 1;
      if (column > from) path += `M${from} ${row}h${column - from}v1h-${column - from}z`;
    }
  }
  const place = `translate(${fixed(left + QUIET_MODULES * scale)} ${fixed(top + QUIET_MODULES * scale)}) scale(${fixed(scale)})`;
  return `<path transform="${place}" d="${path}" fill="#000" shape-rendering="crispEdges"/>`;
}

function fixed(value: number): string {
  return value.toFixed(4).replace(/\.?0+$/, "");
}

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

function escaped(text: string): string {
  return text.replaceAll(/[&<>"]/g, (character) => ENTITIES[character] ?? "");
}
