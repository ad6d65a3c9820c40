import { randomUUID } from "node:crypto";
import { z } from "@hono/zod-openapi";
import type { Db } from "../db/connection.ts";
import { FACILITY_KINDS } from "../db/schema.ts";
import type { Cache } from "../platform/cache.ts";
import { instant, words } from "../platform/fields.ts";
import { cutPage, pageQuery, readCursor } from "../platform/pages.ts";
import { refuse } from "../platform/refusal.ts";
import {
  listFacilities,
  type FacilityFilter,
  type FacilityRecord,
  type FacilityScope,
  type ListedFacility,
} from "./facility.queries.ts";
import { isOpenAt } from "./opening-hours.ts";
import type { FacilityReader } from "./reader.ts";

/** The list of facilities: what is asked, and how its pages are read through the cache. */

const yesOrNo = z.enum(["true", "false"]).transform((text) => text === "true");

const place = z
  .string()
  .max(60)
  .regex(/^-?\d{1,2}(\.\d{1,15})?, ?-?\d{1,3}(\.\d{1,15})?$/, "must be latitude,longitude in degrees")
  .transform((text) => text.split(",").map(Number))
  .refine(
    ([latitude = 0, longitude = 0]) => Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180,
    "must be latitude,longitude in degrees",
  )
  // Some ten metres: people who stand together ask the same.
  .transform(([latitude = 0, longitude = 0]) => ({ latitude: round(latitude), longitude: round(longitude) }));

const USUAL_RADIUS_KM = 10;

export const listQuerySchema = z.strictObject({
  ...pageQuery,
  city: words(80).optional(),
  country: z
    .string()
    .regex(/^[A-Z]{2}$/, "must be an ISO 3166-1 code, such as DE")
    .optional(),
  kind: z.enum(FACILITY_KINDS).optional(),
  has_ev_charging: yesOrNo.optional(),
  has_accessible: yesOrNo.optional(),
  bookable: yesOrNo.optional(),
  /** Nearest first. */
  near: place.optional(),
  radius_km: z.coerce.number().min(0.01).max(500).optional(),
  /** Open at that moment. */
  open_at: instant.optional(),
  /** Part of the name, city or address. */
  q: words(80).optional(),
  /** Those that whoever asks runs, unlisted and closed ones as well. */
  mine: yesOrNo.optional(),
});
export type ListQuery = z.output<typeof listQuerySchema>;

function filterOf(query: ListQuery): FacilityFilter {
  const { near } = query;
  return {
    city: query.city,
    country: query.country,
    kind: query.kind,
    hasEv: query.has_ev_charging,
    hasAccessible: query.has_accessible,
    bookable: query.bookable,
    text: query.q,
    near: near === undefined ? undefined : { ...near, radiusKm: query.radius_km ?? USUAL_RADIUS_KM },
  };
}

export type FacilityList = {
  readonly facilities: readonly { readonly facility: FacilityRecord; readonly distanceM: number | null }[];
  readonly next_cursor: string | null;
};

const cursorSchema = z.tuple([z.number().min(-1), z.uuid()]);

/** So many pages are looked through for facilities that are open at a time; the cursor goes on from there. */
const MAX_PAGES = 8;

/** Of all lists: when it is forgotten, they all are. */
const GENERATION = "generation";

/**
 * Reads a page of facilities. Lists of what everybody sees come from the cache: by query and generation, as ids; and so do
 * the facilities themselves.
 */
export function createFacilityList({
  db,
  cache,
  reader,
}: {
  readonly db: Db;
  readonly cache: Pick<Cache, "remember">;
  readonly reader: FacilityReader;
}): (scope: FacilityScope, query: ListQuery) => Promise<FacilityList> {
  async function page(
    scope: FacilityScope,
    filter: FacilityFilter,
    limit: number,
    after: ListedFacility | null,
  ): Promise<readonly ListedFacility[]> {
    const load = async () => await listFacilities(db, scope, filter, { limit: limit + 1, after });
    if (scope !== "listed") return await load();
    const generation = await cache.remember("facilities", GENERATION, async () => randomUUID());
    const key = JSON.stringify([filter, limit, after]);
    return await cache.remember("facilities", `list:${generation}:${key}`, load);
  }

  return async (scope, query) => {
    const filter = filterOf(query);
    const { limit, open_at: openAt } = query;
    let after = placeOf(readCursor(query.cursor, cursorSchema));
    if (after !== null && (after.distanceM === null) !== (filter.near === undefined))
      refuse(400, "invalid", "is no cursor of this list", "cursor");
    const facilities: FacilityList["facilities"][number][] = [];
    for (let pages = 1; ; pages += 1) {
      const { rows, next_cursor: next } = cutPage(
        await page(scope, filter, limit, after),
        limit,
        ({ distanceM, id }) => [distanceM ?? -1, id],
      );
      const found = await Promise.all(
        rows.map(async ({ id, distanceM }) => ({ facility: await reader.find(id), distanceM })),
      );
      for (const { facility, distanceM } of found) {
        // Closed, or not listed any more, since the list was read.
        if (facility === null || (scope === "listed" && !isListed(facility))) continue;
        if (openAt !== undefined && !isOpenAt(facility.openingHours, openAt.getTime(), facility.timeZone))
          continue;
        facilities.push({ facility, distanceM });
      }
      // A page is never longer than was asked: what a second one has too many is asked for again.
      if (next === null || facilities.length > 0 || pages === MAX_PAGES)
        return { facilities, next_cursor: next };
      after = rows.at(-1) ?? null;
    }
  };
}

function isListed({ listed, closedAt }: FacilityRecord): boolean {
  return listed && closedAt === null;
}

function placeOf(cursor: z.output<typeof cursorSchema> | null): ListedFacility | null {
  if (cursor === null) return null;
  const [distanceM, id] = cursor;
  return { id, distanceM: distanceM < 0 ? null : distanceM };
}

function round(degrees: number): number {
  return Math.round(degrees * 10_000) / 10_000;
}
