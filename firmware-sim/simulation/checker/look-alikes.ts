/** Characters that cameras take for one another: the gate may match one for the other, and nothing else. */
const GROUPS = ["0ODQ", "1IL", "2Z", "5S", "6G", "8B"];

/** Plates of seven characters and more may differ in two of them, shorter ones in one. */
const LONG = 7;

/** Whether a camera may have read one of the two for the other, and no worse than a gate puts up with. */
export function isConfusable(one: string, other: string): boolean {
  if (one.length !== other.length) return false;
  let differ = 0;
  for (let i = 0; i < one.length; i += 1) {
    const [a, b] = [one.charAt(i), other.charAt(i)];
    if (a === b) continue;
    if (!GROUPS.some((group) => group.includes(a) && group.includes(b))) return false;
    differ += 1;
  }
  return differ <= (one.length >= LONG ? 2 : 1);
}
