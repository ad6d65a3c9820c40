import type { Cell, Column, ColumnKind, Row } from "./table.ts";

/** Lines as RFC 4180 has them: CRLF, a header, quotes where they are needed. */
export function csvOf(columns: readonly Column[], rows: readonly Row[]): string {
  const lines = [
    columns.map(({ label }) => quote(guard(label))),
    ...rows.map((row) => columns.map(({ key, kind }) => cellText(row[key] ?? null, kind))),
  ];
  return lines.map((cells) => `${cells.join(",")}\r\n`).join("");
}

function cellText(cell: Cell, kind: ColumnKind): string {
  if (cell === null) return "";
  // Numbers of ours may be negative; what others wrote is never a formula.
  return typeof cell === "number" || kind === "money" ? String(cell) : quote(guard(cell));
}

/**
 * Spreadsheets take a cell for a formula that begins so (also in the wide forms of East Asia), and run it: an
 * apostrophe before it makes it text (OWASP, CSV injection).
 */
function guard(text: string): string {
  return /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/.test(text) ? `'${text}` : text;
}

function quote(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
