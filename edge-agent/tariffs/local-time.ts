import { localTimeOf } from "@parkme/shared/domain/local-day";

/** Times as people write them into files and commands. */

const WEEKDAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"] as const;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"] as const;

/** `Mon 23 Nov 08:00`, local to the facility. */
export function shortTime(atMs: number, timeZone: string): string {
  return `${shortDay(atMs, timeZone)} ${timeOfDay(atMs, timeZone)}`;
}

/** `Mon 23 Nov`. */
export function shortDay(atMs: number, timeZone: string): string {
  const { date, weekday } = localTimeOf(atMs, timeZone);
  const [, month, day] = date.split("-").map(Number);
  return `${WEEKDAYS[weekday]} ${day} ${MONTHS[(month ?? 1) - 1]}`;
}

/** `08:00`. */
export function timeOfDay(atMs: number, timeZone: string): string {
  const { minute } = localTimeOf(atMs, timeZone);
  const two = (part: number): string => String(part).padStart(2, "0");
  return `${two(Math.floor(minute / 60))}:${two(minute % 60)}`;
}

/** `2026-11-23 08:00`. */
export function fullTime(atMs: number, timeZone: string): string {
  return `${localTimeOf(atMs, timeZone).date} ${timeOfDay(atMs, timeZone)}`;
}
