import { installVirtualChance } from "./virtual-chance.ts";
import type { VirtualTime } from "./virtual-time.ts";

/**
 * Puts a simulation's clock and chance in the place of the process's own: every timer that any code sets from now on
 * is a step of the virtual time and belongs to the program whose step set it, and every random number follows from
 * the seed. Real work (files, the database's socket) goes on as it is: a step waits for it.
 *
 * @returns what puts the process's own back.
 */
export function installVirtualGlobals(
  time: VirtualTime,
  { random, fetch }: { readonly random: () => number; readonly fetch: typeof globalThis.fetch },
): () => void {
  const own = {
    setTimeout: globalThis.setTimeout,
    clearTimeout: globalThis.clearTimeout,
    setInterval: globalThis.setInterval,
    clearInterval: globalThis.clearInterval,
    fetch: globalThis.fetch,
  };
  const ownNow = performance.now.bind(performance);
  const { start, clear } = createTimers(time);
  Object.assign(globalThis, {
    setTimeout: (work: Work, ms?: number, ...args: unknown[]) => start(work, ms, args, false),
    setInterval: (work: Work, ms?: number, ...args: unknown[]) => start(work, ms, args, true),
    clearTimeout: clear,
    clearInterval: clear,
    fetch,
  });
  const restoreChance = installVirtualChance(random);
  // By it is measured how long something took: here nothing takes any time.
  performance.now = () => time.nowMs;
  return () => {
    Object.assign(globalThis, own);
    restoreChance();
    performance.now = ownNow;
  };
}

type Work = (...args: unknown[]) => void;

/** A timer as Node gives it, so far as anybody here uses it. */
class VirtualTimer {
  cancel: () => void = () => undefined;
  ref = (): this => this;
  unref = (): this => this;
  hasRef = (): boolean => true;
  refresh: () => this = () => this;
  close = (): this => {
    this.cancel();
    return this;
  };
  [Symbol.dispose] = (): void => this.cancel();
}

function createTimers(time: VirtualTime) {
  function start(work: Work, ms: number | undefined, args: unknown[], again: boolean): VirtualTimer {
    const timer = new VirtualTimer();
    // As real timers: nothing is due sooner than a millisecond from now.
    const delayMs = Math.max(1, ms ?? 1);
    const set = (): void => {
      timer.cancel = time.after(delayMs, () => {
        const { life } = time;
        if (again) set();
        work(...args);
        // Only a program whose work goes on outside of this process has anything to wait for.
        return life !== null && life.idle === undefined ? false : undefined;
      });
    };
    set();
    timer.refresh = () => {
      timer.cancel();
      set();
      return timer;
    };
    return timer;
  }
  return {
    start,
    clear: (timer: unknown): void => {
      if (timer instanceof VirtualTimer) timer.cancel();
    },
  };
}
