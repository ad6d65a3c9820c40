import { plateShape } from "@parkme/shared/domain/plate";

/** Plates this long may differ in two characters, shorter ones in one: a short plate has too many neighbours. */
const LONG_PLATE = 7;
/** An attendant chooses among these; more are no help. */
const MAX_CANDIDATES = 10;

export type PlateMatch<Stay> =
  | { readonly kind: "exact"; readonly stay: Stay }
  /** The only open stay that this read may be a misreading of. */
  | { readonly kind: "near"; readonly stay: Stay; readonly substitutions: number }
  /** Somebody has to look: best first, at most 10. */
  | { readonly kind: "ambiguous"; readonly candidates: readonly Stay[] }
  | { readonly kind: "none" };

/**
 * Finds the open stay that a plate read at the exit belongs to: the one of exactly this plate, else the only one
 * whose plate differs in look-alike characters alone. Another vehicle's stay is never charged by guess.
 *
 * @param plate normalised text of the read.
 * @param open the stays to choose from, with normalised plates; a stay without a plate matches nothing.
 */
export function matchPlate<Stay extends { readonly plate: string | null }>(
  plate: string,
  open: readonly Stay[],
): PlateMatch<Stay> {
  const allowed = plate.length >= LONG_PLATE ? 2 : 1;
  const candidates = open
    .map((stay) => ({ stay, substitutions: substitutionsBetween(plate, stay.plate) }))
    .filter(({ substitutions }) => substitutions <= allowed)
    .toSorted((a, b) => a.substitutions - b.substitutions);
  const [best, second] = candidates;
  if (best === undefined) return { kind: "none" };
  if (best.substitutions === 0 && second?.substitutions !== 0) return { kind: "exact", stay: best.stay };
  if (second === undefined) return { kind: "near", ...best };
  return { kind: "ambiguous", candidates: candidates.slice(0, MAX_CANDIDATES).map(({ stay }) => stay) };
}

/** Characters in which the two differ; Infinity unless each difference is a pair of look-alikes. */
function substitutionsBetween(read: string, plate: string | null): number {
  if (plate === null || plateShape(read) !== plateShape(plate)) return Infinity;
  const characters = Array.from(plate);
  return Array.from(read).filter((character, index) => character !== characters[index]).length;
}
