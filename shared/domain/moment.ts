import { zoneClockOf } from "./local-day.ts";

/** Times as people write them into files, commands and manifests. */

const LOCAL = /^(\d{4})-(\d{2})-(\d{2})(?:[ T](\d{2}):(\d{2})(?::(\d{2}))?)?$/;
const WITH_OFFSET = /^\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2})$/;
/** Years that no tariff is of are slips of the finger. */
const [FIRST_MS, LAST_MS] = [Date.UTC(2000, 0, 1), Date.UTC(2100, 0, 1)];

export const TIME_WORDS = 'a time such as "2026-11-23 08:00" or "2026-11-23T08:00:00+01:00"';

/**
 * The moment that a text means, Unix ms: local time (a day alone = its beginning; of an hour that comes twice the
 * first), or a time with its offset. Null = no such time.
 */
export function momentOf(text: string, timeZone: string): number | null {
  const atMs = WITH_OFFSET.test(text) ? Date.parse(text.replace(" ", "T")) : localMoment(text, timeZone);
  return atMs === null || Number.isNaN(atMs) || atMs < FIRST_MS || atMs > LAST_MS ? null : atMs;
}

function localMoment(text: string, timeZone: string): number | null {
  const match = LOCAL.exec(text);
  if (match === null) return null;
  const [, year, month, day, hour = "00", minute = "00", second = "00"] = match;
  const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`;
  const localMs = Date.parse(iso);
  // The thirtieth of February is another day, and no time.
  if (Number.isNaN(localMs) || new Date(localMs).toISOString() !== iso) return null;
  return zoneClockOf(timeZone).momentOf(localMs);
}
