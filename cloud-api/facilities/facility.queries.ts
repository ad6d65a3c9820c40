import { and, eq, inArray, sql, type SQL } from "drizzle-orm";
import type { Db, Tx } from "../db/connection.ts";
import { bookings } from "../db/bookings-schema.ts";
import { isDataError } from "../db/errors.ts";
import { facilities, organisations, type FACILITY_KINDS } from "../db/schema.ts";
import { openingHoursSchema, type OpeningHours } from "./opening-hours.ts";

export type FacilityKind = (typeof FACILITY_KINDS)[number];

/** What a facility is, without what changes by the minute. JSON, for the cache. */
export type FacilityRecord = {
  readonly id: string;
  readonly organisationId: string;
  readonly slug: string;
  readonly name: string;
  readonly kind: FacilityKind;
  readonly address: string;
  readonly city: string;
  readonly country: string | null;
  /** WGS 84, in degrees; both or neither. */
  readonly latitude: number | null;
  readonly longitude: number | null;
  readonly timeZone: string;
  readonly currency: string;
  readonly capacity: number;
  readonly openingHours: OpeningHours | null;
  readonly listed: boolean;
  readonly bookable: boolean;
  readonly gateRights: boolean;
  /** See bookings/policy.ts. */
  readonly bookingPolicy: unknown;
  /** RFC 3339. */
  readonly closedAt: string | null;
  /** It has spots of the kind. */
  readonly hasEv: boolean;
  readonly hasAccessible: boolean;
};

const hasSpots = (kind: SQL) =>
  sql<boolean>`exists (select from spot_counts c where c.facility_id = ${facilities}.id and ${kind} and c.total > 0)`;

const RECORD = {
  id: facilities.id,
  organisationId: facilities.organisationId,
  slug: facilities.slug,
  name: facilities.name,
  kind: facilities.kind,
  address: facilities.address,
  city: facilities.city,
  country: facilities.country,
  latitude: facilities.latitude,
  longitude: facilities.longitude,
  timeZone: facilities.timeZone,
  currency: facilities.currency,
  capacity: facilities.capacity,
  openingHours: facilities.openingHours,
  listed: facilities.listed,
  bookable: facilities.bookable,
  gateRights: facilities.gateRights,
  bookingPolicy: facilities.bookingPolicy,
  closedAt: facilities.closedAt,
  hasEv: hasSpots(sql`c.ev`),
  hasAccessible: hasSpots(sql`c.accessible`),
};

/** Facilities by their ids, whosesoever they are. */
export async function readFacilities(
  db: Db | Tx,
  ids: readonly string[],
): Promise<ReadonlyMap<string, FacilityRecord>> {
  const rows = await db
    .select(RECORD)
    .from(facilities)
    .where(inArray(facilities.id, [...ids]));
  return new Map(
    rows.map((row) => [
      row.id,
      {
        ...row,
        openingHours: row.openingHours === null ? null : openingHoursSchema.parse(row.openingHours),
        closedAt: row.closedAt?.toISOString() ?? null,
      },
    ]),
  );
}

/** What a list is narrowed by. */
export type FacilityFilter = {
  readonly city?: string | undefined;
  readonly country?: string | undefined;
  readonly kind?: FacilityKind | undefined;
  readonly hasEv?: boolean | undefined;
  readonly hasAccessible?: boolean | undefined;
  readonly bookable?: boolean | undefined;
  /** Part of its name, city or address. */
  readonly text?: string | undefined;
  readonly near?: Near | undefined;
};
export type Near = {
  readonly latitude: number;
  readonly longitude: number;
  readonly radiusKm: number;
};

/** Whose: those that are listed and not closed, or those that somebody runs, all of them. */
export type FacilityScope = "listed" | "every" | readonly string[];

/** A facility of a list, and how far it is from where was asked. */
export type ListedFacility = { readonly id: string; readonly distanceM: number | null };

/** Of a list: nearest first where a place was named, else by id. @param after the place of the last one before. */
export async function listFacilities(
  db: Db | Tx,
  scope: FacilityScope,
  filter: FacilityFilter,
  { limit, after }: { readonly limit: number; readonly after: ListedFacility | null },
): Promise<readonly ListedFacility[]> {
  const rows = await db.execute<ListedFacility>(listStatement(scope, filter, limit, after));
  return rows.rows;
}

/** For {@link listFacilities}, and for the test that looks at its plan. */
export function listStatement(
  scope: FacilityScope,
  filter: FacilityFilter,
  limit: number,
  after: ListedFacility | null,
): SQL {
  const { near } = filter;
  const wanted = sql.join([...scopeTerms(scope), ...filterTerms(filter)], sql` and `);
  if (near === undefined) {
    const behind = after === null ? sql`` : sql`and f.id > ${after.id}::uuid`;
    return sql`select f.id, null as "distanceM" from facilities f where ${wanted} ${behind} order by f.id limit ${limit}`;
  }
  const behind =
    after === null ? sql`` : sql`and (d.m, f.id) > (${after.distanceM}::float8, ${after.id}::uuid)`;
  return sql`
    select f.id, d.m as "distanceM" from facilities f, lateral (select ${distanceM(near)} as m) d
    where ${wanted} and ${within(near)} and d.m <= ${near.radiusKm * 1_000}::float8 ${behind}
    order by d.m, f.id limit ${limit}`;
}

function scopeTerms(scope: FacilityScope): SQL[] {
  if (scope === "listed") return [sql`f.listed and f.closed_at is null`];
  return [scope === "every" ? sql`true` : sql`f.id = any(${sql.param([...scope])}::uuid[])`];
}

function filterTerms({ city, country, kind, hasEv, hasAccessible, bookable, text }: FacilityFilter): SQL[] {
  const hasSuch = (column: SQL, wanted: boolean) =>
    sql`exists (select from spot_counts c where c.facility_id = f.id and ${column} and c.total > 0) = ${wanted}`;
  const terms: SQL[] = [];
  if (city !== undefined) terms.push(sql`${small(sql`f.city`)} = ${small(sql`${city}::text`)}`);
  if (country !== undefined) terms.push(sql`f.country = ${country}`);
  if (kind !== undefined) terms.push(sql`f.kind = ${kind}`);
  if (bookable !== undefined) terms.push(sql`f.bookable = ${bookable}`);
  if (hasEv !== undefined) terms.push(hasSuch(sql`c.ev`, hasEv));
  if (hasAccessible !== undefined) terms.push(hasSuch(sql`c.accessible`, hasAccessible));
  if (text !== undefined) {
    const part = `%${text.replaceAll(/[\\%_]/g, (sign) => `\\${sign}`)}%`;
    const has = (column: SQL) => sql`${small(column)} like ${small(sql`${part}::text`)}`;
    terms.push(sql`(${has(sql`f.name`)} or ${has(sql`f.city`)} or ${has(sql`f.address`)})`);
  }
  return terms;
}

/** In small letters, whatever the server's locale: as the index has it. */
const small = (text: SQL): SQL => sql`lower(${text} collate "pg_c_utf8")`;

/** The mean radius of the earth (IUGG). */
const EARTH_M = 6_371_008.8;
const DEGREE_KM = (Math.PI * EARTH_M) / 180_000;

/** Along a great circle, in metres (haversine). */
function distanceM({ latitude, longitude }: Near): SQL {
  const half = (degrees: SQL) => sql`power(sin(radians(${degrees}) / 2), 2)`;
  return sql`${2 * EARTH_M}::float8 * asin(least(1, sqrt(
    ${half(sql`f.latitude - ${latitude}::float8`)}
    + cos(radians(${latitude}::float8)) * cos(radians(f.latitude)) * ${half(sql`f.longitude - ${longitude}::float8`)}
  )))`;
}

/** A box around a circle, for the index; none where the circle holds a pole, and two at the date line. */
function within({ latitude, longitude, radiusKm }: Near): SQL {
  const heightDegrees = (radiusKm / DEGREE_KM) * 1.001;
  const [south, north] = [latitude - heightDegrees, latitude + heightDegrees];
  const box = sql`f.latitude between ${south}::float8 and ${north}::float8`;
  const widest = Math.max(Math.abs(south), Math.abs(north));
  if (widest >= 90) return box;
  // The meridians that touch the circle: narrower than the circle's height at its widest latitude.
  const widthDegrees = Math.min(180, heightDegrees / Math.cos((widest * Math.PI) / 180));
  const [west, east] = [longitude - widthDegrees, longitude + widthDegrees];
  const between = (from: number, until: number) =>
    sql`f.longitude between ${from}::float8 and ${until}::float8`;
  if (widthDegrees >= 180) return box;
  if (west < -180) return sql`${box} and (${between(-180, east)} or ${between(west + 360, 180)})`;
  if (east > 180) return sql`${box} and (${between(west, 180)} or ${between(-180, east - 360)})`;
  return sql`${box} and ${between(west, east)}`;
}

/** What makes or changes a facility. */
export type FacilityChange = Partial<
  Omit<FacilityRecord, "id" | "organisationId" | "closedAt" | "hasEv" | "hasAccessible">
>;
type NewFacility = Omit<FacilityRecord, "closedAt" | "hasEv" | "hasAccessible">;

/** @returns false = its slug is another's. */
export async function insertFacility(tx: Tx, row: NewFacility): Promise<boolean> {
  // Neither a target nor RETURNING: behind the walls, its maker does not see it yet.
  const inserted = await tx.insert(facilities).values(row).onConflictDoNothing();
  return inserted.rowCount === 1;
}

export async function updateFacility(
  tx: Tx,
  facilityId: string,
  change: FacilityChange & { readonly closedNow?: Date },
): Promise<void> {
  const { closedNow, ...rest } = change;
  const set = closedNow === undefined ? rest : { ...rest, closedAt: closedNow };
  if (Object.keys(set).length === 0) return;
  await tx.update(facilities).set(set).where(eq(facilities.id, facilityId));
}

/** PostgreSQL reads time zones from files of its own: not all that the runtime knows need be there. */
export async function knowsTimeZone(tx: Tx, timeZone: string): Promise<boolean> {
  try {
    await tx.transaction((inner) => inner.execute(sql`select now() at time zone ${timeZone}`));
    return true;
  } catch (error) {
    if (isDataError(error)) return false;
    throw error;
  }
}

export async function organisationExists(tx: Tx, organisationId: string): Promise<boolean> {
  const found = await tx
    .select({ id: organisations.id })
    .from(organisations)
    .where(eq(organisations.id, organisationId));
  return found.length > 0;
}

/** Bookings that are to come or under way: of a facility, or of one of its spots. */
export async function hasBookings(tx: Tx, facilityId: string, spotId?: string): Promise<boolean> {
  const found = await tx
    .select({ id: bookings.id })
    .from(bookings)
    .where(
      and(
        eq(bookings.facilityId, facilityId),
        inArray(bookings.status, ["PENDING", "CONFIRMED", "ACTIVE"]),
        spotId === undefined ? undefined : eq(bookings.spotId, spotId),
      ),
    )
    .limit(1);
  return found.length > 0;
}
