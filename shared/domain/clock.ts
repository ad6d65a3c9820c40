/**
 * The two times a gate needs. Wall time is for people and receipts and may step at any moment; monotonic time
 * is for durations within one boot and never steps back. Both in milliseconds.
 */
export type Clock = {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  readonly wallMs: () => number;
  /** Milliseconds since an arbitrary start, never decreasing. */
  readonly monotonicMs: () => number;
};

/** One reading of a clock, as pure code receives it. */
export type Now = { readonly wallMs: number; readonly monotonicMs: number };

export function readClock(clock: Clock): Now {
  return { wallMs: clock.wallMs(), monotonicMs: clock.monotonicMs() };
}
