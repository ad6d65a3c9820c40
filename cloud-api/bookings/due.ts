import type { Tx } from "../db/connection.ts";
import type { Job } from "../platform/job.ts";
import { auditBooking, tellBooking } from "./changing.ts";
import { letGo } from "./acts.ts";
import { heldOf, type BookingRow } from "./booking-row.ts";
import {
  changeBooking,
  dueBookings,
  nextEntryAt,
  withBooking,
  type BookingPatch,
} from "./bookings.queries.ts";
import type { BookingDeps } from "./deps.ts";
import { policyOf, type BookingPolicy } from "./policy.ts";
import { afterAct, noShowFee, overstay, type BookingAct } from "./rules.ts";

/** What time does to bookings: they were not paid, nobody came, somebody stays over. */

type Deps = Pick<BookingDeps, "facilities" | "reportOverstay" | "giveBack">;

const BATCH = 200;
/** Of one run; the next one goes on. */
const MOST_BATCHES = 25;

export function dueJob(deps: Deps): Job {
  return {
    name: "bookings.due",
    everySeconds: 5,
    run: async ({ db, log }, now) => {
      let done = 0;
      for (let batch = 0; batch < MOST_BATCHES; batch++) {
        const due = await dueBookings(db, now, BATCH);
        let went = 0;
        for (const booking of due) {
          try {
            went +=
              (await withBooking(db, booking, (tx, row) => lookAt(deps, tx, row, now))) === true ? 1 : 0;
          } catch (error) {
            // The others are due as well.
            log.error({ err: error, booking: booking.id }, "a booking that is due could not be dealt with");
          }
        }
        done += went;
        if (due.length < BATCH || went === 0) break;
      }
      return done;
    },
  };
}

/** @returns false = it is not due any more. */
async function lookAt(deps: Deps, tx: Tx, row: BookingRow, now: Date): Promise<boolean> {
  if (row.dueAt === null || row.dueAt > now) return false;
  const facility = await deps.facilities.find(row.facilityId);
  if (facility === null) throw new Error("its facility is gone");
  const policy = policyOf(facility.bookingPolicy);
  switch (row.status) {
    case "PENDING":
      await end(
        deps,
        tx,
        row,
        "expire",
        { finalMinor: 0, cancelReason: "not paid in time" },
        facility.organisationId,
        now,
      );
      return true;
    case "CONFIRMED":
      await end(
        deps,
        tx,
        row,
        "no_show",
        { finalMinor: noShowFee(row, policy) },
        facility.organisationId,
        now,
      );
      return true;
    case "ACTIVE":
      await staysOver(deps, tx, row, policy, now);
      return true;
    case "COMPLETED":
    case "CANCELLED":
    case "NO_SHOW":
      await changeBooking(tx, row, { dueAt: null }, now);
      return true;
    default:
      return row.status satisfies never;
  }
}

async function end(
  deps: Deps,
  tx: Tx,
  row: BookingRow,
  act: BookingAct,
  patch: BookingPatch,
  organisationId: string,
  now: Date,
): Promise<void> {
  const status = afterAct(row.status, act) ?? row.status;
  const ended = await changeBooking(tx, row, { ...patch, status, dueAt: null, untold: true }, now);
  await letGo(deps, tx, ended, now);
  await auditBooking(tx, act, row, ended, organisationId, now);
  await tellBooking(tx, ended, now);
}

async function staysOver(
  deps: Deps,
  tx: Tx,
  row: BookingRow,
  policy: BookingPolicy,
  now: Date,
): Promise<void> {
  const next = await nextEntryAt(tx, row);
  const after = overstay(heldOf(row), next?.getTime() ?? null, policy, now.getTime());
  const overstayAt = after.isOverstaying ? (row.overstayAt ?? now) : null;
  const patch = { heldUntil: new Date(after.heldUntilMs), overstayAt, dueAt: new Date(after.dueMs) };
  const changed = await changeBooking(tx, row, patch, now);
  if (overstayAt === null) return;
  const { facilityId, id: bookingId, stayId, spotId, userId, plate, expectedExit: sinceAt } = changed;
  await deps.reportOverstay(tx, { facilityId, bookingId, stayId, spotId, userId, plate, sinceAt }, now);
  if (row.overstayAt === null) await tellBooking(tx, changed, now);
}
