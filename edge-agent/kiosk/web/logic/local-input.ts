import { localTimeOf } from "@parkme/shared/domain/local-day";

const MINUTE_MS = 60_000;

/** A moment as a field for date and time shows it, in the facility's time zone: `2026-11-22T14:03`. */
export function toLocalInput(ms: number, timeZone: string): string {
  const { date, minute } = localTimeOf(ms, timeZone);
  const two = (n: number): string => String(n).padStart(2, "0");
  return `${date}T${two(Math.floor(minute / 60))}:${two(minute % 60)}`;
}

/**
 * The moment (Unix ms) that such a field means in the facility's time zone, whatever zone the browser is in; null when
 * it is no date and time. In an hour that the clocks skip, the moment after the jump; in one that they repeat, either.
 */
export function fromLocalInput(text: string, timeZone: string): number | null {
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$/.test(text)) return null;
  const wanted = Date.parse(`${text}:00Z`);
  if (Number.isNaN(wanted)) return null;
  let ms = wanted;
  // The first step takes off the zone's offset, the second what it was near a change of clocks.
  for (let step = 0; step < 3; step++) {
    const { date, minute } = localTimeOf(ms, timeZone);
    const shown = Date.parse(`${date}T00:00:00Z`) + minute * MINUTE_MS;
    if (shown === wanted) return ms;
    ms += wanted - shown;
  }
  return ms;
}
