import type { Random } from "./random.ts";

/**
 * What cameras take a character for, and how often relative to the rest of the table. The pairs are those that makers of
 * plate readers treat as equivalent (0/O/D/Q, 1/I, 2/Z, 5/S, 6/G, 8/B: Genetec Security Center's administrator guide, "OCR
 * equivalence") and, more rarely, those that studies of recognisers report besides (P/R, 3/8, F/E, C/G, K/X, V/Y, U/V,
 * M/N, A/4, T/7). The weights are round: the first are met daily, the others now and then.
 */
const PAIRS: readonly (readonly [one: string, other: string, weight: number])[] = [
  ["0", "O", 20],
  ["0", "D", 6],
  ["0", "Q", 4],
  ["O", "D", 6],
  ["O", "Q", 6],
  ["D", "Q", 2],
  ["1", "I", 14],
  ["1", "L", 4],
  ["I", "L", 3],
  ["8", "B", 12],
  ["5", "S", 10],
  ["2", "Z", 8],
  ["6", "G", 6],
  ["C", "G", 2],
  ["0", "8", 1],
  ["3", "8", 2],
  ["6", "8", 1],
  ["E", "F", 2],
  ["P", "R", 2],
  ["4", "A", 2],
  ["7", "T", 2],
  ["1", "7", 2],
  ["U", "V", 2],
  ["V", "Y", 2],
  ["M", "N", 2],
  ["M", "W", 1],
  ["H", "N", 1],
  ["K", "X", 2],
];

/** Any character is missed now and then: a screw, dirt, the shadow of a tow bar. */
const DROP_WEIGHT = 0.4;

type Mistake = { readonly takenFor: string; readonly weight: number };

const MISTAKES = new Map<string, Mistake[]>();
for (const [one, other, weight] of PAIRS) {
  for (const [from, takenFor] of [
    [one, other],
    [other, one],
  ] as const)
    MISTAKES.set(from, [...(MISTAKES.get(from) ?? []), { takenFor, weight }]);
}

/** Of 100 plates that are misread, so many are in two places. */
const TWICE = 0.12;
/** A plate of fewer characters has none to lose. */
const SHORTEST = 4;

/**
 * The plate as a camera might have it that misreads it: one character, seldom two, taken for another by the table or
 * left out. Never the same text; null when the table has nothing for any of its characters.
 */
export function misread(plate: string, random: Random): string | null {
  const once = mistake(plate, random);
  if (once === null || !random.chance(TWICE)) return once;
  const twice = mistake(once, random);
  return twice === null || twice === plate ? once : twice;
}

function mistake(plate: string, random: Random): string | null {
  const options: { readonly at: number; readonly takenFor: string; readonly weight: number }[] = [];
  for (let at = 0; at < plate.length; at += 1) {
    for (const one of MISTAKES.get(plate.charAt(at)) ?? []) options.push({ at, ...one });
    if (plate.length >= SHORTEST) options.push({ at, takenFor: "", weight: DROP_WEIGHT });
  }
  let left = random.next() * options.reduce((sum, { weight }) => sum + weight, 0);
  for (const { at, takenFor, weight } of options) {
    left -= weight;
    if (left < 0) return plate.slice(0, at) + takenFor + plate.slice(at + 1);
  }
  return null;
}
