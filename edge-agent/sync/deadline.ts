import { realTimers } from "./nap.ts";

/**
 * Runs a piece of network work that must end: by itself, after `ms` milliseconds, or when `stopping` aborts.
 * Rejects in the last two cases whatever the work does. `fetch` holds its signal weakly: once the headers are there
 * and the garbage is collected, aborting it may not reach the body any more, and a silent peer would hold us for ever.
 */
export async function withDeadline<T>(
  ms: number,
  stopping: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
  timers = realTimers,
): Promise<T> {
  const own = new AbortController();
  const ended = new Promise<never>((_resolve, reject) => {
    own.signal.addEventListener("abort", () => reject(own.signal.reason as Error), { once: true });
  });
  const stop = (): void => own.abort(new Error("stopped"));
  const cancel = timers.after(ms, () => own.abort(new Error(`timeout after ${ms} ms`)));
  stopping.addEventListener("abort", stop, { once: true });
  if (stopping.aborted) stop();
  try {
    return await Promise.race([work(own.signal), ended]);
  } finally {
    cancel();
    stopping.removeEventListener("abort", stop);
  }
}
