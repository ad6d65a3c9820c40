/** Crockford's base 32: no I, L, O, U, so that what is read aloud or keyed in is not mistaken. */
export const CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** Upper case, without the blanks and dashes that people put in. */
export function compactTyped(text: string): string {
  return text.toUpperCase().replaceAll(/[\s-]/g, "");
}

/** O for 0, I or L for 1. Null = some character is none of the alphabet. */
export function readLookAlikes(compact: string): string | null {
  const read = compact.replaceAll("O", "0").replaceAll(/[IL]/g, "1");
  for (const character of read) if (!CROCKFORD.includes(character)) return null;
  return read;
}
