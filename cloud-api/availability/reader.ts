import type { Db } from "../db/connection.ts";
import { inBatches } from "../facilities/batches.ts";
import type { Cache } from "../platform/cache.ts";
import { readCounts } from "./availability.queries.ts";
import { composeAvailability, type Availability } from "./rules.ts";

export type AvailabilityReader = {
  /** What is free at a facility, whosesoever it is. Null = there is none of this id. From the cache, if it can be. */
  readonly find: (facilityId: string) => Promise<Availability | null>;
  /** As it is now, past the cache. */
  readonly read: (facilityId: string) => Promise<Availability | null>;
};

/** Reads availability through the cache: space `availability`, by the facility's id. */
export function createAvailabilityReader({
  db,
  cache,
}: {
  readonly db: Db;
  readonly cache: Pick<Cache, "remember">;
}): AvailabilityReader {
  const count = inBatches((ids) => readCounts(db, ids));
  async function load(facilityId: string): Promise<Availability | null> {
    const counted = await count(facilityId);
    return counted === null ? null : composeAvailability(counted);
  }
  return {
    read: load,
    find: async (facilityId) => await cache.remember("availability", facilityId, () => load(facilityId)),
  };
}
