/** The longest plate any country issues is 10 characters; the margin is for special plates. */
export const MAX_PLATE_LENGTH = 12;

/**
 * The form in which plates are stored and compared: letters and digits only, upper case, compatibility forms
 * folded (full-width Latin becomes Latin). Returns null when nothing usable is left, or when a camera says
 * "unknown" in words.
 */
export function normalisePlate(raw: string): string | null {
  const folded = raw.slice(0, 64).normalize("NFKC").toUpperCase();
  // Letters that a dropped character kept apart may combine now: one plate, one text.
  const kept = folded.replaceAll(/[^\p{L}\p{Nd}]/gu, "").normalize("NFC");
  if (kept.length < 2 || kept.length > MAX_PLATE_LENGTH) return null;
  return UNREAD.has(kept) ? null : kept;
}

/** What cameras send in the plate field when they saw a vehicle but read no plate. */
const UNREAD = new Set(["UNKNOWN", "NOPLATE", "UNLICENSED", "NOTREAD", "NONE", "NULL"]);

/** Characters cameras take for one another, folded to one of them. */
const LOOK_ALIKES = new Map(
  ["0ODQ", "1IL", "2Z", "5S", "6G", "8B"].flatMap((group) =>
    [...group].map((character) => [character, group[0] ?? character] as const),
  ),
);

/** A plate with look-alike characters folded together: two plates of one shape may be one vehicle misread. */
export function plateShape(plate: string): string {
  return Array.from(plate, (character) => LOOK_ALIKES.get(character) ?? character).join("");
}
