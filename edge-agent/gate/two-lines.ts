/** Characters on a line of the usual customer display. */
const COLUMNS = 20;

/** Breaks a text for a display of two lines, between words where it can; what does not fit is cut. */
export function twoLines(text: string): readonly [string, string] {
  const words = text.split(/\s+/).filter((word) => word !== "");
  let first = "";
  while (words.length > 0) {
    const word = words[0] ?? "";
    const longer = first === "" ? word : `${first} ${word}`;
    if (longer.length > COLUMNS && first !== "") break;
    first = longer;
    words.shift();
  }
  return [first.slice(0, COLUMNS), words.join(" ").slice(0, COLUMNS)];
}
