/** The longest plate any country issues is 10 characters; the margin is for special plates. */
export const MAX_PLATE_LENGTH = 12;

/**
 * The form in which plates are stored and compared: letters and digits only, upper case, compatibility forms
 * folded (full-width Latin becomes Latin). Returns null when nothing usable is left, or when a camera says
 * "unknown" in words.
 */
export function normalisePlate(raw: string): string | null {
  const folded = raw.slice(0, 64).normalize("NFKC").toUpperCase();
  const kept = folded.replaceAll(/[^\p{L}\p{Nd}]/gu, "");
  if (kept.length < 2 || kept.length > MAX_PLATE_LENGTH) return null;
  return UNREAD.has(kept) ? null : kept;
}

/** What cameras send in the plate field when they saw a vehicle but read no plate. */
const UNREAD = new Set(["UNKNOWN", "NOPLATE", "UNLICENSED", "NOTREAD", "NONE", "NULL"]);
