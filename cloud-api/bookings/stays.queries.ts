import { sql } from "drizzle-orm";
import type { EventPayload } from "@parkme/shared/protocol/sync";
import { transact, type Db, type Tx } from "../db/connection.ts";
import type { Effect } from "../fleet/effect.ts";
import type { JobDeps } from "../platform/job.ts";
import { letGo, occupy, vacate } from "./acts.ts";
import { dueOf, type BookingRow } from "./booking-row.ts";
import { changeBooking, isSpotHeld, lockBooking, type Located } from "./bookings.queries.ts";
import { auditBooking, tellBooking } from "./changing.ts";
import type { BookedFacility, BookingDeps } from "./deps.ts";
import { followStay, type AfterStay, type GateStay } from "./gate-rules.ts";
import { policyOf } from "./policy.ts";
import { holdsSpace } from "./rules.ts";

/**
 * What gates tell of stays that were begun under bookings. That one has begun is written with the event that says so;
 * what becomes of it, a job reads from the stays' rows: most movements are of stays without a booking, and a gate's log
 * waits for nobody.
 */

type Started = EventPayload<"stay.started">;

/** It may be a booking's. */
export function concernsBookings({ right }: Pick<Started, "right">): boolean {
  return right?.kind === "reservation" && UUID.test(right.id);
}

/** Others' reservations have other names. */
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** The first stay under a booking is its own, unless nothing comes of it. */
export const linkStays: Effect<"stay.started"> = async (tx, { facilityId }, told) => {
  const begun = told.map(({ payload }) => payload).filter(concernsBookings);
  if (begun.length === 0) return;
  const pairs = JSON.stringify(begun.map(({ right, stay_id }) => ({ booking: right?.id, stay: stay_id })));
  // Spots before bookings, as everybody locks them.
  await tx.execute(sql`
    select from spots where facility_id = ${facilityId} and id in (
      select b.spot_id from bookings b join json_to_recordset(${pairs}::json) as p(booking uuid, stay uuid) on p.booking = b.id
      where b.facility_id = ${facilityId})
    order by id for update`);
  await tx.execute(sql`
    update bookings b set stay_id = p.stay
    from (select distinct on (booking) booking, stay from json_to_recordset(${pairs}::json) as p(booking uuid, stay uuid)) p
    where b.facility_id = ${facilityId} and b.id = p.booking
      and (b.stay_id is null or b.status not in ('ACTIVE', 'COMPLETED'))`);
};

type Pair = { readonly booking: Located; readonly stay: GateStay };

const BATCH = 500;

/** Brings bookings to where their gates' stays are. @returns how many changed. */
export async function followGates(
  { db, log }: JobDeps,
  deps: Pick<BookingDeps, "facilities" | "giveBack">,
  now: Date,
): Promise<number> {
  let done = 0;
  for (;;) {
    const pairs = await readBehind(db, BATCH);
    let went = 0;
    for (const pair of pairs) {
      try {
        const facility = await deps.facilities.find(pair.booking.facilityId);
        if (facility === null) throw new Error("a booking's facility is gone");
        went += await transact(db, async (tx) => await follow(tx, deps, facility, pair, now));
      } catch (error) {
        log.error({ err: error, booking: pair.booking.id }, "a booking does not follow its gate");
      }
    }
    done += went;
    if (pairs.length < BATCH || went === 0) return done;
  }
}

type BehindRow = {
  facility_id: string;
  id: string;
  spot_id: string | null;
  sale_id: string | null;
  stay_id: string;
  status: GateStay["status"];
  entry_ms: number | null;
  exit_ms: number | null;
  fee_minor: number | null;
  fee_currency: string | null;
};

/** Bookings that are not where their stays are. */
async function readBehind(db: Db, limit: number): Promise<readonly Pair[]> {
  const { rows } = await db.execute<BehindRow>(sql`
    select b.facility_id, b.id, b.spot_id, b.sale_id, s.stay_id, s.status, s.fee_minor::float8 as fee_minor, s.fee_currency,
      (extract(epoch from s.entry_at) * 1000)::float8 as entry_ms, (extract(epoch from s.exit_at) * 1000)::float8 as exit_ms
    from bookings b join stays s on s.facility_id = b.facility_id and s.stay_id = b.stay_id
    where b.stay_id is not null and b.status <> 'COMPLETED'
      and (s.status in ('closed', 'void') or (s.status = 'open' and b.status <> 'ACTIVE'))
    limit ${limit}`);
  return rows.map((row) => ({
    booking: { facilityId: row.facility_id, id: row.id, spotId: row.spot_id, saleId: row.sale_id },
    stay: {
      stayId: row.stay_id,
      status: row.status,
      entryAt: dateOf(row.entry_ms),
      exitAt: dateOf(row.exit_ms),
      feeMinor: row.fee_minor,
      feeCurrency: row.fee_currency,
    },
  }));
}

function dateOf(ms: number | null): Date | null {
  return ms === null ? null : new Date(ms);
}

/** @returns 1 = it changed. */
async function follow(
  tx: Tx,
  deps: Pick<BookingDeps, "giveBack">,
  { organisationId, bookingPolicy }: BookedFacility,
  { booking: seen, stay }: Pair,
  now: Date,
): Promise<0 | 1> {
  const row = await lockBooking(tx, seen);
  const after = row === null ? null : followStay(row, stay);
  if (row === null || after === null || isSame(row, after)) return 0;
  const { act, ...patch } = after;
  const whole = { ...row, ...patch };
  // It had lost its spot, and another has it now: it stands somewhere else.
  const isBack = !holdsSpace(row.status) && holdsSpace(whole.status);
  const spotId = isBack && (await isSpotHeld(tx, whole)) ? null : row.spotId;
  const dueAt = dueOf({ ...whole, spotId }, policyOf(bookingPolicy));
  const changed = await changeBooking(tx, row, { ...patch, spotId, dueAt, untold: true }, now);
  if (row.status !== "ACTIVE" && changed.status === "ACTIVE") await occupy(tx, changed, now);
  if (row.status === "ACTIVE" && changed.status !== "ACTIVE") await vacate(tx, changed, now);
  if (!holdsSpace(changed.status)) await letGo(deps, tx, changed, now);
  if (act === null || row.status === changed.status) return 1;
  await auditBooking(tx, act, row, changed, organisationId, now);
  await tellBooking(tx, changed, now);
  return 1;
}

function isSame(row: BookingRow, after: AfterStay): boolean {
  return (
    row.status === after.status &&
    row.stayId === after.stayId &&
    row.actualEntry?.getTime() === after.actualEntry?.getTime() &&
    row.actualExit?.getTime() === after.actualExit?.getTime() &&
    row.finalMinor === after.finalMinor &&
    row.gateMinor === after.gateMinor
  );
}
