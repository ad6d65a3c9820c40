import type { Context } from "hono";
import { runsFacility, type Principal } from "../accounts/principal.ts";
import { writeAudit } from "../audit/entries.queries.ts";
import { transact, type Tx } from "../db/connection.ts";
import { inScope } from "../db/tenancy.ts";
import type { AppEnv } from "../http.ts";
import { tellChange } from "../live/changes.queries.ts";
import { answerOnce } from "../platform/idempotency.queries.ts";
import { notFound, refuse } from "../platform/refusal.ts";
import type { BookingRow } from "./booking-row.ts";
import { viewOf, type BookingView } from "./booking-view.ts";
import {
  changeBooking,
  lockBooking,
  readBooking,
  type BookingPatch,
  type SeenBooking,
} from "./bookings.queries.ts";
import type { BookedFacility, BookingDeps } from "./deps.ts";
import { policyOf, type BookingPolicy } from "./policy.ts";
import { isOverlap } from "./reserve.queries.ts";
import { afterAct, type BookingAct } from "./rules.ts";

/** How people change a booking. */

type AskedToChange = {
  readonly c: Context<AppEnv>;
  readonly principal: Principal;
  readonly params: { readonly id: string };
  readonly body?: unknown;
  readonly now: Date;
};

/** A booking, and what it is dealt with by. */
export type Situation = {
  readonly row: BookingRow;
  readonly facility: BookedFacility;
  readonly policy: BookingPolicy;
  /** Who asks runs the facility. */
  readonly isStaff: boolean;
  readonly now: Date;
};

export type Change<T> = {
  readonly act: BookingAct;
  /** What has to be known before the booking is locked. Refuses nothing that an answer of before may have allowed. */
  readonly prepare: (situation: Situation) => Promise<T>;
  /** Of the booking that is locked, in the transaction. @throws a refusal. */
  readonly decide: (tx: Tx, situation: Situation, prepared: T) => Promise<BookingPatch>;
  readonly after?: (tx: Tx, row: BookingRow, now: Date) => Promise<void>;
};

const ANSWERED = { answer: true };
const MOST_TRIES = 5;

/**
 * Changes a booking for somebody: it is found behind the walls of who asks, and changed as the system, which may write
 * what belongs to it.
 *
 * @throws a refusal: 404 where it is not theirs, 409 where it cannot be done (any more).
 */
export async function change<T>(
  deps: BookingDeps,
  asked: AskedToChange,
  how: Change<T>,
): Promise<BookingView | Response> {
  for (let tries = 1; tries <= MOST_TRIES; tries++) {
    const seen = await findTheirs(deps, asked);
    const facility = await deps.facilities.find(seen.row.facilityId);
    if (facility === null) throw new Error(`a booking's facility ${seen.row.facilityId} is gone`);
    const isStaff = runsFacility(asked.principal, facility.id);
    const situation = { facility, policy: policyOf(facility.bookingPolicy), isStaff, now: asked.now };
    const prepared = await how.prepare({ ...situation, row: seen.row });
    try {
      return await transact(
        deps.db,
        async (tx) =>
          await answerOnce(tx, { ...asked, body: asked.body }, ANSWERED, async () => {
            const row = await lockBooking(tx, seen.row);
            if (row?.changedAt.getTime() !== seen.row.changedAt.getTime()) throw new ChangedMeanwhile();
            return await changeLocked(tx, asked, how, { ...situation, row }, prepared, seen.spotNumber);
          }),
      );
    } catch (error) {
      if (isOverlap(error)) refuse(409, "spot_taken", "another booking has this spot then");
      if (!(error instanceof ChangedMeanwhile)) throw error;
    }
  }
  return refuse(409, "changed_meanwhile", "the booking is being changed by others; try again");
}

/** What was prepared is of a booking as it was. */
class ChangedMeanwhile extends Error {
  override readonly name = "ChangedMeanwhile";
}

/** A booking of whoever asks. @throws a refusal where it is not theirs. */
export async function findTheirs(
  { db }: Pick<BookingDeps, "db">,
  { principal, params }: Pick<AskedToChange, "principal" | "params">,
): Promise<SeenBooking> {
  const seen = await inScope(db, principal, async (tx) => await readBooking(tx, params.id));
  if (seen === null || !mayTouch(principal, seen.row)) return notFound("booking");
  return seen;
}

export function mayTouch(principal: Principal, { userId, facilityId }: BookingRow): boolean {
  return runsFacility(principal, facilityId) || (principal.role === "driver" && userId === principal.actorId);
}

async function changeLocked<T>(
  tx: Tx,
  { principal, c }: AskedToChange,
  { act, decide, after }: Change<T>,
  situation: Situation,
  prepared: T,
  spotNumber: string | null,
): Promise<BookingView> {
  const { row, facility, now } = situation;
  const status = afterAct(row.status, act);
  if (status === null)
    return refuse(409, "wrong_status", `a booking that is ${row.status} cannot be changed so`, "status", {
      booking_status: row.status,
    });
  const patch = await decide(tx, situation, prepared);
  const changed = await changeBooking(tx, row, { status, ...patch, untold: true }, now);
  await after?.(tx, changed, now);
  const { organisationId, id: facilityId } = facility;
  const subject = `booking:${row.id}`;
  const detail = { from: row.status, to: changed.status };
  await writeAudit(
    tx,
    { principal, requestId: c.get("requestId"), now },
    { action: ACTIONS[act], subject, organisationId, facilityId, detail },
  );
  await tellBooking(tx, changed, now);
  return viewOf(changed, spotNumber);
}

const ACTIONS: Readonly<Record<BookingAct, string>> = {
  pay: "booking.paid",
  activate: "booking.activated",
  complete: "booking.completed",
  cancel: "booking.cancelled",
  no_show: "booking.no_show",
  expire: "booking.expired",
  extend: "booking.extended",
  gate_in: "booking.activated",
  gate_out: "booking.completed",
  gate_void: "booking.reopened",
};

/** Of what the cloud does with a booking by itself. */
export async function auditBooking(
  tx: Tx,
  act: BookingAct,
  before: BookingRow,
  after: BookingRow,
  organisationId: string,
  now: Date,
): Promise<void> {
  const detail = { from: before.status, to: after.status };
  const fact = { action: ACTIONS[act], subject: `booking:${before.id}`, organisationId, detail };
  await writeAudit(tx, { principal: null, requestId: "", now }, { ...fact, facilityId: before.facilityId });
}

/** Tells those who watch the facility. */
export async function tellBooking(tx: Tx, row: BookingRow, now: Date): Promise<void> {
  await tellChange(
    tx,
    row.facilityId,
    "booking",
    { id: row.id, status: row.status, spot_id: row.spotId },
    now,
  );
}
