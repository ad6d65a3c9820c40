import { LRUCache } from "lru-cache";
import { readWanted, type Asks, type WantedSpot, type WantedVehicle } from "./reserve.queries.ts";

/** What a booking is to be of. */
export type Wanted = {
  readonly userId: string;
  readonly vehicleId: string;
  /** Null = of a class. */
  readonly spotId: string | null;
};

export type FoundWanted = {
  readonly vehicle: WantedVehicle;
  /** Null = there is none. */
  readonly spot: WantedSpot | null;
};

/** Reads what is to be booked, and knows for a moment what it has read: spots and vehicles hardly change. */
export type WantedReader = {
  /** As it was a moment ago; null = not known. Whoever books by it asks the database whether it still is. */
  readonly known: (wanted: Wanted) => FoundWanted | null;
  /** Null = the driver has no such vehicle. */
  readonly read: (wanted: Wanted) => Promise<FoundWanted | null>;
};

const KNOWN_MS = 30_000;
const MAX_KNOWN = 20_000;

/** @param nowMs of a monotonic clock. */
export function createWantedReader(asks: Asks, nowMs: () => number): WantedReader {
  const known = new LRUCache<string, FoundWanted>({
    max: MAX_KNOWN,
    ttl: KNOWN_MS,
    perf: { now: nowMs },
    // Else it would keep the time for a while, by a timer of its own.
    ttlResolution: 0,
  });
  const keyOf = ({ userId, vehicleId, spotId }: Wanted): string => `${userId} ${vehicleId} ${spotId ?? ""}`;
  return {
    known: (wanted) => known.get(keyOf(wanted)) ?? null,
    async read(wanted) {
      const found = await readWanted(asks, wanted);
      if (found === null) known.delete(keyOf(wanted));
      else known.set(keyOf(wanted), found);
      return found;
    },
  };
}
