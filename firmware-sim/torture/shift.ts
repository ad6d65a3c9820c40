import { setTimeout as passTime } from "node:timers/promises";

/** A span of work: drivers and attendants do something while it lasts, and drop everything where it ends. */
export type Shift = {
  readonly isOver: () => boolean;
  readonly end: () => void;
  /** @throws {@link ShiftOver} as soon as it has ended. */
  readonly pass: (ms: number) => Promise<void>;
  /** Waits until something holds. @returns false = not in time. @throws {@link ShiftOver} */
  readonly until: (holds: () => boolean, withinMs: number) => Promise<boolean>;
};

/** Nobody works any more: no failure. */
export class ShiftOver extends Error {}

const LOOK_MS = 10;

export function beginShift(): Shift {
  let over = false;
  const pass: Shift["pass"] = async (ms) => {
    if (!over) await passTime(ms);
    if (over) throw new ShiftOver("the shift is over");
  };
  return {
    isOver: () => over,
    end: () => void (over = true),
    pass,
    until: async (holds, withinMs) => {
      const untilMs = performance.now() + withinMs;
      while (!holds()) {
        if (performance.now() > untilMs) return false;
        await pass(LOOK_MS);
      }
      return true;
    },
  };
}

/** Works until the shift is over. Any other end is an error. */
export async function workUntilOver(shift: Shift, once: () => Promise<void>): Promise<void> {
  try {
    while (!shift.isOver()) await once();
  } catch (error) {
    if (!(error instanceof ShiftOver)) throw error;
  }
}
