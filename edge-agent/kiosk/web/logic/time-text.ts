import { LOCALE } from "./locale.ts";

/** Instants as people at one facility read them. All take Unix milliseconds. */
export type TimeText = {
  /** `14:03:12` */
  readonly clock: (ms: number) => string;
  /** `Sat 22 Nov` */
  readonly date: (ms: number) => string;
  /** `14:03` on the day of `nowMs`, `21 Nov, 14:03` on any other. */
  readonly moment: (ms: number, nowMs: number) => string;
};

/** Throws a RangeError when the time zone is not an IANA name; the snapshot schema has refused it before. */
export function createTimeText(timeZone: string): TimeText {
  const clock = new Intl.DateTimeFormat(LOCALE, {
    timeZone,
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  });
  const date = new Intl.DateTimeFormat(LOCALE, {
    timeZone,
    weekday: "short",
    day: "numeric",
    month: "short",
  });
  const day = new Intl.DateTimeFormat(LOCALE, { timeZone, day: "numeric", month: "short", year: "numeric" });
  const shortDay = new Intl.DateTimeFormat(LOCALE, { timeZone, day: "numeric", month: "short" });
  const minute = new Intl.DateTimeFormat(LOCALE, { timeZone, hour: "2-digit", minute: "2-digit" });
  return {
    clock: (ms) => clock.format(ms),
    date: (ms) => date.format(ms).replace(",", ""),
    moment: (ms, nowMs) => {
      const time = minute.format(ms);
      return day.format(ms) === day.format(nowMs) ? time : `${shortDay.format(ms)}, ${time}`;
    },
  };
}

/** How long something has lasted, coarser as it grows: `8 s`, `4 min`, `2 h 5 min`, `3 d 4 h`. */
export function elapsedText(elapsedMs: number): string {
  const seconds = Math.max(0, Math.floor(elapsedMs / 1000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const days = Math.floor(hours / 24);
  if (minutes === 0) return `${seconds} s`;
  if (hours === 0) return `${minutes} min`;
  if (days === 0) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return hours % 24 === 0 ? `${days} d` : `${days} d ${hours % 24} h`;
}
