/** Pauses that end early when the program stops. A poke ends only the one that waits for it. */
export function createNap(stopping: AbortSignal) {
  let wake: (() => void) | null = null;
  const sleep = (ms: number, pokable = false): Promise<void> =>
    new Promise((resolve) => {
      // An abort that was before is never told again.
      if (stopping.aborted) return resolve();
      const timer = setTimeout(done, ms);
      function done(): void {
        clearTimeout(timer);
        wake = null;
        stopping.removeEventListener("abort", done);
        resolve();
      }
      if (pokable) wake = done;
      stopping.addEventListener("abort", done, { once: true });
    });
  return {
    sleep: (ms: number) => sleep(ms),
    untilPoked: (ms: number) => sleep(ms, true),
    poke: (): void => wake?.(),
  };
}
