/** Tells waiting pages that something changed. Many changes at once wake a page once. */
export type Changes = ReturnType<typeof createChanges>;

/** A page is not told more often than this, however busy the gate. */
const SETTLE_MS = 50;

export function createChanges() {
  const waiting = new Set<() => void>();
  let settling: ReturnType<typeof setTimeout> | null = null;
  return {
    note: (): void => {
      settling ??= setTimeout(() => {
        settling = null;
        for (const wake of waiting) wake();
      }, SETTLE_MS);
    },
    /** Resolves at the next change, or after `timeoutMs` without one. */
    next: (timeoutMs: number): Promise<void> =>
      new Promise((resolve) => {
        const timer = setTimeout(done, timeoutMs);
        function done(): void {
          clearTimeout(timer);
          waiting.delete(done);
          resolve();
        }
        waiting.add(done);
      }),
  };
}

/** What `make` last made, made anew when it is older than `forMs`. */
export function shareBriefly<T>(make: () => T, forMs: number): () => T {
  let made: { readonly value: T; readonly atMs: number } | null = null;
  return () => {
    const nowMs = performance.now();
    if (made === null || nowMs - made.atMs > forMs) made = { value: make(), atMs: nowMs };
    return made.value;
  };
}
