import { randomUUID } from "node:crypto";
import type pg from "pg";
import { readDatabaseError } from "../db/errors.ts";
import type { BookingRow } from "./booking-row.ts";
import { asRecord } from "./record.queries.ts";
import type { SpotClass, VehicleType } from "./suiting.ts";

/**
 * The statements that a booking is made with: one reads, one writes (of numbered spots: spot-orders.queries.ts). Everybody
 * books at once, so there are no more; they run as the system (drivers may not lock spots), and ask themselves whose
 * vehicle it is.
 */

/** The pool, or the connection of a transaction. */
export type Asks = Pick<pg.Pool | pg.PoolClient, "query">;

export type WantedVehicle = {
  readonly plate: string;
  readonly type: VehicleType;
  readonly ev: boolean;
  readonly accessible: boolean;
};

export type WantedSpot = {
  readonly facilityId: string;
  readonly number: string;
  readonly sizeRank: number;
  readonly ev: boolean;
  readonly accessible: boolean;
  readonly vehicleTypes: readonly string[];
  readonly isReservable: boolean;
};

const READ_WANTED = `
  select v.plate, v.type, v.ev, v.accessible, s.facility_id as "facilityId", s.number, s.size_rank as "sizeRank",
    s.ev as "spotEv", s.accessible as "spotAccessible", s.vehicle_types as "vehicleTypes", s.reservable
  from vehicles v left join spots s on s.id = $3 and s.closed_at is null
  where v.id = $2 and v.user_id = $1 and v.owned_until is null`;

type WantedRow = WantedVehicle & {
  facilityId: string | null;
  number: string;
  sizeRank: number;
  spotEv: boolean;
  spotAccessible: boolean;
  vehicleTypes: string[];
  reservable: boolean;
};

/** A vehicle of a driver, and a spot. Null = the driver has no such vehicle; a spot of null = there is none. */
export async function readWanted(
  asks: Asks,
  wanted: { readonly userId: string; readonly vehicleId: string; readonly spotId: string | null },
): Promise<{ readonly vehicle: WantedVehicle; readonly spot: WantedSpot | null } | null> {
  const { rows } = await asks.query<WantedRow>({
    name: "bookings.read_wanted",
    text: READ_WANTED,
    values: [wanted.userId, wanted.vehicleId, wanted.spotId],
  });
  const [row] = rows;
  if (row === undefined) return null;
  const { plate, type, ev, accessible, facilityId, number, sizeRank, vehicleTypes } = row;
  const vehicle = { plate, type, ev, accessible };
  if (facilityId === null) return { vehicle, spot: null };
  const its = { facilityId, number, sizeRank, ev: row.spotEv, accessible: row.spotAccessible };
  return { vehicle, spot: { ...its, vehicleTypes, isReservable: row.reservable } };
}

/** What a space must be like where the booking has no number yet. */
type WantedClass = {
  readonly class: SpotClass;
  /** And all zones in it. */
  readonly zoneSlug: string | null;
  readonly sizeRank: number;
  readonly vehicleType: VehicleType;
};

export type Space =
  | {
      readonly kind: "spot";
      readonly spotId: string;
      /** As it was read; null = however it is. */
      readonly as: WantedSpot | null;
    }
  | { readonly kind: "class"; readonly wanted: WantedClass }
  /** One without a number. */
  | { readonly kind: "right" };

export type Entry = {
  readonly organisationId: string;
  readonly actor: string;
  readonly role: string;
  readonly requestId: string;
};

/** What was known of the vehicle still is; drive-ins have none that is known. */
const SAME_VEHICLE = `
  ($1::jsonb->>'vehicle_id' is null or exists (
    select from vehicles v
    where v.id = ($1::jsonb->>'vehicle_id')::uuid and v.user_id = ($1::jsonb->>'user_id')::uuid and v.owned_until is null
      and v.plate = $1::jsonb->>'plate' and v.type = $1::jsonb->>'vehicle_type'
      and v.ev = ($1::jsonb->>'ev')::boolean and v.accessible = ($1::jsonb->>'accessible')::boolean))`;

/** The plainest that fits. */
const SPOT_OF_CLASS = `
  select s.id, s.number from spots s
  where ${SAME_VEHICLE}
    and s.facility_id = $6::uuid and s.closed_at is null and s.status <> 'blocked' and (s.status = 'free' or not $7::boolean)
    and s.reservable and s.size_rank >= $9::integer
    and (s.vehicle_types = '{}' or $10::text = any (s.vehicle_types))
    and case $11::text when 'ev' then s.ev when 'accessible' then s.accessible else not s.accessible and not s.ev end
    and ($12::text is null or s.zone_id in (
      with recursive within as (
        select id from zones where facility_id = $6 and slug = $12 and closed_at is null
        union select z.id from zones z join within w on z.facility_id = $6 and z.parent_id = w.id and z.closed_at is null)
      select id from within))
    and not exists (
      select from bookings b
      where b.facility_id = $6 and b.spot_id = s.id and b.status in ('PENDING', 'CONFIRMED', 'ACTIVE')
        and tstzrange(b.entry_time, b.held_until) && tstzrange($13::timestamptz, $14::timestamptz))
  order by s.size_rank, s.number
  limit 1
  for update of s`;

const NO_SPOT = `
  select null::uuid as id, null::text as number
  where $6::uuid is not null and $7::boolean is not null and ${SAME_VEHICLE}`;

/** With its entry in the audit log, and the change for those who watch. It is not told here: see hints.ts. */
const writing = (space: string): string => `
  with spot as (${space}),
  booking as (
    insert into bookings select r.* from spot cross join lateral
      jsonb_populate_record(null::bookings, $1::jsonb || jsonb_build_object('spot_id', spot.id)) r
    returning id, spot_id, facility_id, status, made_at
  ),
  entry as (
    insert into audit_entries (organisation_id, id, at, actor, role, action, subject, facility_id, detail, request_id)
    select $2::uuid, $3::uuid, b.made_at, $4::text, $5::text, 'booking.made', 'booking:' || b.id, b.facility_id,
      json_build_object('status', b.status, 'spot_id', b.spot_id), $8::text
    from booking b
  ),
  change as (
    insert into facility_changes (facility_id, kind, body, at)
    select b.facility_id, 'booking', json_build_object('id', b.id, 'status', b.status, 'spot_id', b.spot_id), b.made_at
    from booking b
  )
  select b.spot_id as "spotId", spot.number from booking b cross join spot`;

const STATEMENTS = {
  // Those that somebody is booking now are passed over at first.
  class: { name: "bookings.write_class", text: writing(`${SPOT_OF_CLASS} skip locked`) },
  last: { name: "bookings.write_last", text: writing(SPOT_OF_CLASS) },
  right: { name: "bookings.write_right", text: writing(NO_SPOT) },
} as const;

export type WrittenSpot = { readonly spotId: string | null; readonly number: string | null };

/**
 * Writes a booking of a space that is not named, in one statement: all of it or nothing.
 *
 * @param mustBeFree nobody may stand there now.
 * @returns the spot that it has now, if any; null = none could be booked, or something is not as it was read.
 * @throws an error of the database where another booking holds the spot: see {@link isOverlap}.
 */
export async function writeBooking(
  asks: Asks,
  row: BookingRow,
  space: Exclude<Space, { readonly kind: "spot" }>,
  { organisationId, actor, role, requestId }: Entry,
  mustBeFree: boolean,
): Promise<WrittenSpot | null> {
  const entry = [organisationId, randomUUID(), actor, role];
  const values: unknown[] = [asRecord(row), ...entry, row.facilityId, mustBeFree, requestId];
  if (space.kind === "class") {
    const { sizeRank, vehicleType, class: name, zoneSlug } = space.wanted;
    values.push(sizeRank, vehicleType, name, zoneSlug, row.entryTime, row.heldUntil);
  }
  const run = async (
    statement: (typeof STATEMENTS)[keyof typeof STATEMENTS],
  ): Promise<WrittenSpot | null> => {
    const { rows } = await asks.query<WrittenSpot>({ ...statement, values });
    return rows[0] ?? null;
  };
  const written = await run(STATEMENTS[space.kind]);
  return written === null && space.kind === "class" ? await run(STATEMENTS.last) : written;
}

/** Another booking holds the spot then. */
export function isOverlap(error: unknown): boolean {
  return readDatabaseError(error)?.sqlState === "23P01";
}

/**
 * Two that wrote the same time of a spot waited for each other, or one for whoever tells the gates of it: PostgreSQL ends
 * one of them, which may try again.
 */
export function isDeadlock(error: unknown): boolean {
  return readDatabaseError(error)?.sqlState === "40P01";
}

/** The number of a booking that was minted a second time. */
export function isSameTicket(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause)
    if ("constraint" in cause && cause.constraint === "bookings_ticket") return true;
  return false;
}

/** A facility has an open zone of this name. */
export async function hasZone(asks: Asks, facilityId: string, slug: string): Promise<boolean> {
  const text = "select from zones where facility_id = $1 and slug = $2 and closed_at is null";
  return (await asks.query({ text, values: [facilityId, slug] })).rowCount === 1;
}

/** Somebody's `Idempotency-Key` has been used. */
export async function isAnswered(asks: Asks, owner: string, key: string): Promise<boolean> {
  const text = "select from idempotency_keys where owner = $1 and key = $2";
  return (await asks.query({ name: "bookings.is_answered", text, values: [owner, key] })).rowCount === 1;
}
