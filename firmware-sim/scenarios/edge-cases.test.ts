import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";

const ROOT = resolve(import.meta.dirname, "../..");

type Row = { readonly number: number; readonly shownBy: string; readonly file: string };

/** The table of edge cases in the README beside this file. */
function readTable(): Row[] {
  const text = readFileSync(join(import.meta.dirname, "README.md"), "utf8");
  return text.split("\n").flatMap((line) => {
    const [, number, , shownBy = "", file = ""] = line.split("|").map((cell) => cell.trim());
    return /^\d+$/.test(number ?? "")
      ? [{ number: Number(number), shownBy, file: file.replaceAll("`", "") }]
      : [];
  });
}

describe("the table of edge cases", () => {
  const rows = readTable();

  it("has all fifty, in order", () => {
    expect(rows.map(({ number }) => number)).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
  });

  it.each(rows.filter(({ file }) => file !== ""))(
    "names a test that is there: $number",
    ({ shownBy, file }) => {
      expect(readFileSync(join(ROOT, file), "utf8")).toContain(shownBy);
    },
  );

  it("says of every other what it waits for", () => {
    for (const { file, shownBy } of rows) if (file === "") expect(shownBy).toMatch(/^to come with /);
  });
});
