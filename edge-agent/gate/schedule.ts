import { localTimeOf, type LocalTime } from "@parkme/shared/domain/local-day";

/** Times of day at which a facility does something by itself. */

export const WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] as const;
export type Weekday = (typeof WEEKDAYS)[number];

/** `HH:MM` on some days of the week; every day where none are named. */
export type TimeOfWeek = { readonly at: string; readonly days?: readonly Weekday[] | undefined };

/** Days that are looked back over after an absence: every time of a week lies in them. */
const MAX_BACK_MS = 8 * 86_400_000;
const STEP_MS = 3_600_000;

/** One time that has come, and the local day it came on. */
export type Due<T> = { readonly what: T; readonly date: string };

/**
 * The times that came in (`fromMs`, `toMs`], oldest first. A time that the clocks jump over comes at the jump; one
 * that the clocks repeat comes twice, on the same `date`. Looks back over eight days at most.
 */
export function dueBetween<T extends TimeOfWeek>(
  times: readonly T[],
  timeZone: string,
  fromMs: number,
  toMs: number,
): readonly Due<T>[] {
  if (times.length === 0) return [];
  const due: Due<T>[] = [];
  let at = Math.max(fromMs, toMs - MAX_BACK_MS);
  let before = localTimeOf(at, timeZone);
  while (at < toMs) {
    at = Math.min(at + STEP_MS, toMs);
    const after = localTimeOf(at, timeZone);
    for (const { date, weekday, afterMinute, untilMinute } of stretches(before, after)) {
      const came = times.filter((time) => {
        const minute = minuteOf(time.at);
        return minute > afterMinute && minute <= untilMinute && isOn(time, weekday);
      });
      const inOrder = came.toSorted((a, b) => minuteOf(a.at) - minuteOf(b.at));
      due.push(...inOrder.map((what) => ({ what, date })));
    }
    before = after;
  }
  return due;
}

type Stretch = {
  readonly date: string;
  readonly weekday: number;
  readonly afterMinute: number;
  readonly untilMinute: number;
};

const LAST_MINUTE = 24 * 60;

function stretches(before: LocalTime, after: LocalTime): readonly Stretch[] {
  const { date, weekday } = after;
  if (before.date === date) return [{ date, weekday, afterMinute: before.minute, untilMinute: after.minute }];
  return [
    { ...before, afterMinute: before.minute, untilMinute: LAST_MINUTE },
    { date, weekday, afterMinute: -1, untilMinute: after.minute },
  ];
}

function minuteOf(at: string): number {
  const [hours = "0", minutes = "0"] = at.split(":");
  return Number(hours) * 60 + Number(minutes);
}

function isOn({ days }: TimeOfWeek, weekday: number): boolean {
  const name = WEEKDAYS[weekday];
  return days === undefined || (name !== undefined && days.includes(name));
}
