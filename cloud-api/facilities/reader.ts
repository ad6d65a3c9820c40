import type { Db } from "../db/connection.ts";
import type { Cache } from "../platform/cache.ts";
import { inBatches } from "./batches.ts";
import { readFacilities, type FacilityRecord } from "./facility.queries.ts";

export type FacilityReader = {
  /**
   * A facility, whosesoever it is, listed or not, closed or not: who may see it is the caller's to ask. Null = there is
   * none. From the cache, if it can be.
   */
  readonly find: (facilityId: string) => Promise<FacilityRecord | null>;
};

/** Reads facilities through the cache: space `facilities`, by id. */
export function createFacilityReader({
  db,
  cache,
}: {
  readonly db: Db;
  readonly cache: Pick<Cache, "remember">;
}): FacilityReader {
  const load = inBatches((ids) => readFacilities(db, ids));
  return {
    find: async (facilityId) => await cache.remember("facilities", facilityId, () => load(facilityId)),
  };
}
