import { err, ok, type Result } from "@parkme/shared/domain/result";

/** A row of cells, and the line of the file that it begins in. */
export type CsvRow = { readonly line: number; readonly cells: readonly string[] };

/** Where a file stops being one, from 1. */
export type CsvProblem = { readonly line: number; readonly message: string };

/**
 * Reads a CSV file (RFC 4180). Cells are parted by commas, or by semicolons where the first line has more of these, as
 * spreadsheets write them where the comma is for decimals. Empty lines are left out.
 */
export function readCsv(text: string): Result<readonly CsvRow[], CsvProblem> {
  const input = text.startsWith("\uFEFF") ? text.slice(1) : text;
  const separator = separatorOf(input);
  const rows: CsvRow[] = [];
  let [at, line] = [0, 1];
  while (at < input.length) {
    const begun = line;
    const cells: string[] = [];
    for (;;) {
      const cell = readCell(input, at, separator);
      if (cell === null)
        return err({ line: begun, message: "has quotes that do not end, or text after them" });
      cells.push(cell.text);
      line += cell.lines;
      at = cell.end;
      if (input[at] !== separator) break;
      at += 1;
    }
    // A line ends with CR LF, with LF, or with the file.
    if (input[at] === "\r") at += 1;
    if (input[at] === "\n") at += 1;
    line += 1;
    if (cells.some((cell) => cell.trim() !== "")) rows.push({ line: begun, cells });
  }
  return ok(rows);
}

type Cell = { readonly text: string; readonly end: number; readonly lines: number };

/** @returns null where the quotes are wrong. */
function readCell(input: string, at: number, separator: string): Cell | null {
  if (input[at] !== '"') {
    let end = at;
    while (end < input.length && input[end] !== separator && input[end] !== "\n" && input[end] !== "\r")
      end += 1;
    return { text: input.slice(at, end), end, lines: 0 };
  }
  let text = "";
  let from = at + 1;
  for (;;) {
    const quote = input.indexOf('"', from);
    if (quote === -1) return null;
    text += input.slice(from, quote);
    from = quote + 1;
    if (input[from] !== '"') break;
    text += '"';
    from += 1;
  }
  const after = input[from];
  const ends = after === undefined || after === separator || after === "\n" || after === "\r";
  return ends ? { text, end: from, lines: text.split("\n").length - 1 } : null;
}

function separatorOf(input: string): "," | ";" {
  const [first = ""] = input.split("\n", 1);
  return first.split(";").length > first.split(",").length ? ";" : ",";
}
