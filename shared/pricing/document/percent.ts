/** A percentage as it is written; how many decimals count is the reader's to say. */
const PERCENT = /^(-?)(\d{1,6})(?:\.(\d{1,12}))?$/;

/**
 * Reads a percentage exactly, in units of the last decimal that counts: with two decimals, basis points.
 *
 * @returns null for what is no percentage, or has more decimals.
 */
export function readPercent(value: string | number, decimals: number): number | null {
  const match = PERCENT.exec(String(value));
  if (match === null) return null;
  const [, sign, whole = "", written = ""] = match;
  const fraction = written.replace(/0+$/, "");
  if (fraction.length > decimals) return null;
  const parts = Number(`${whole}${fraction.padEnd(decimals, "0")}`);
  return sign === "-" ? 0 - parts : parts;
}
