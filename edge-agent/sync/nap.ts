/** When work is done later: real time, or the virtual one of a simulation. */
export type Timers = {
  /** @returns what cancels it; to cancel what was done already does nothing. */
  readonly after: (ms: number, work: () => void) => () => void;
};

export const realTimers: Timers = {
  after: (ms, work) => {
    const timer = setTimeout(work, ms);
    return () => clearTimeout(timer);
  },
};

/** Pauses that end early when the program stops. A poke ends only the one that waits for it; to hurry ends any. */
export function createNap(stopping: AbortSignal, timers = realTimers) {
  let wake: (() => void) | null = null;
  let end: (() => void) | null = null;
  const sleep = (ms: number, pokable = false): Promise<void> =>
    new Promise((resolve) => {
      // An abort that was before is never told again.
      if (stopping.aborted) return resolve();
      const cancel = timers.after(ms, done);
      function done(): void {
        cancel();
        wake = end = null;
        stopping.removeEventListener("abort", done);
        resolve();
      }
      end = done;
      if (pokable) wake = done;
      stopping.addEventListener("abort", done, { once: true });
    });
  return {
    sleep: (ms: number) => sleep(ms),
    untilPoked: (ms: number) => sleep(ms, true),
    poke: (): void => wake?.(),
    hurry: (): void => end?.(),
  };
}
