import type { Clock } from "@parkme/shared/domain/clock";

const MINUTE_MS = 60_000;
/** Addresses remembered at once. Who fills them all is held back with everybody who is new within that minute. */
const MAX_ADDRESSES = 5_000;

/** Says whether an address may ask once more: so often within a minute. */
export function createRateLimit({
  perMinute,
  clock,
}: {
  readonly perMinute: number;
  readonly clock: Clock;
}): (address: string) => boolean {
  let asked = new Map<string, number>();
  let sinceMs = clock.monotonicMs();
  return (address) => {
    const nowMs = clock.monotonicMs();
    if (nowMs - sinceMs >= MINUTE_MS) {
      asked = new Map();
      sinceMs = nowMs;
    }
    const before = asked.get(address) ?? 0;
    if (before >= perMinute || (before === 0 && asked.size >= MAX_ADDRESSES)) return false;
    asked.set(address, before + 1);
    return true;
  };
}
