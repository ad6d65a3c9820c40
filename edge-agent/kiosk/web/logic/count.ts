/** The most vehicles that a place can be said to hold. */
export const MAX_COUNT = 1_000_000;

/** What was typed as a number of vehicles; null while it is none. */
export function parseCount(text: string): number | null {
  const trimmed = text.trim();
  if (!/^\d{1,7}$/.test(trimmed)) return null;
  const count = Number(trimmed);
  return count <= MAX_COUNT ? count : null;
}

/** So many more or fewer than what stands there, or than what the gate counts while nothing does. */
export function stepCount(text: string, inside: number, by: number): number {
  return Math.min(MAX_COUNT, Math.max(0, (parseCount(text) ?? inside) + by));
}

/** What the correction does, in words. */
export function countChange(text: string, inside: number): string {
  if (text.trim() === "") return "";
  const count = parseCount(text);
  if (count === null) return "This is not a number of vehicles";
  if (count === inside) return "The same as the gate counts";
  return count > inside
    ? `${count - inside} more than the gate counts`
    : `${inside - count} fewer than the gate counts`;
}
