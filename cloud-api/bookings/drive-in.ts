import { randomUUID } from "node:crypto";
import { runsFacility, type Principal } from "../accounts/principal.ts";
import { actorName } from "../audit/entries.queries.ts";
import { changeSpotStatus } from "../availability/status.queries.ts";
import { transact } from "../db/connection.ts";
import type { Asked } from "../platform/api.ts";
import { answerOnce } from "../platform/idempotency.queries.ts";
import { notFound, refuse } from "../platform/refusal.ts";
import { BLANK, dueOf, type BookingRow } from "./booking-row.ts";
import { viewOf, type BookingView } from "./booking-view.ts";
import type { BookedFacility, BookingDeps } from "./deps.ts";
import { policyOf } from "./policy.ts";
import { priceOf } from "./pricing.ts";
import { writeBooking, type Entry } from "./reserve.queries.ts";
import { timesProblem } from "./rules.ts";
import { writeSpot } from "./spot-orders.queries.ts";
import type { VehicleType } from "./suiting.ts";
import { mintBookingNumber, pooledBytes } from "./ticket-number.ts";

type DriveIn = {
  readonly facility_id: string;
  readonly plate: string;
  readonly vehicle_type: VehicleType;
  readonly ev: boolean;
  readonly accessible: boolean;
  readonly spot_id?: string | undefined;
  readonly expected_exit?: Date | undefined;
};

type AskedToTakeIn = Pick<Asked<unknown, unknown, DriveIn>, "c" | "body" | "now"> & {
  readonly principal: Principal;
};

/** As long as its spot is kept at first, where nobody says how long it will stay. */
const USUAL_STAY_MS = 2 * 3_600_000;

/**
 * Takes in a vehicle that came without a booking, where no gate does: it is ACTIVE from now on, and pays when it leaves.
 *
 * @throws a refusal.
 */
export async function driveIn(deps: BookingDeps, asked: AskedToTakeIn): Promise<BookingView | Response> {
  const { body, principal, c, now } = asked;
  const { facility_id: facilityId, spot_id: spotId } = body;
  if (!runsFacility(principal, facilityId)) return notFound("facility");
  const facility = await deps.facilities.find(facilityId);
  if (facility === null) return notFound("facility");
  if (facility.closedAt !== null) return refuse(409, "facility_closed", "this facility is closed for good");
  const row = await rowOf(deps, asked, facility);
  const entry: Entry = {
    organisationId: facility.organisationId,
    actor: actorName(principal),
    role: principal.role,
    requestId: c.get("requestId"),
  };
  const made = await transact(
    deps.db,
    async (tx, client) =>
      await answerOnce(tx, asked, { status: 201, answer: true }, async () => {
        const written =
          spotId === undefined
            ? await writeBooking(client, row, { kind: "right" }, entry, true)
            : await writeSpot(client, {
                row: { ...row, spotId },
                as: null,
                entry,
                mustBeFree: true,
                once: null,
              });
        if (written === null) return refuse(409, "spot_taken", "this spot is not free", "spot_id");
        if (spotId !== undefined) await changeSpotStatus(tx, facilityId, spotId, "occupied", "booking", now);
        return viewOf(row, written.number);
      }),
  );
  deps.changed(facilityId);
  return made;
}

async function rowOf(
  deps: BookingDeps,
  { body, now }: AskedToTakeIn,
  facility: BookedFacility,
): Promise<BookingRow> {
  const policy = policyOf(facility.bookingPolicy);
  const expectedExit = body.expected_exit ?? new Date(now.getTime() + USUAL_STAY_MS);
  const times = { fromMs: now.getTime(), untilMs: expectedExit.getTime() };
  const wrong = timesProblem(times, policy, now.getTime());
  if (wrong !== null) refuse(wrong.code === "invalid" ? 400 : 409, wrong.code, wrong.message, wrong.field);
  const { plate, vehicle_type: type, ev, accessible } = body;
  const vehicle = { plate, type, ev, accessible };
  const price = await priceOf(deps, facility.id, { userId: null, vehicle, ...times });
  const row: BookingRow = {
    ...BLANK,
    facilityId: facility.id,
    id: randomUUID(),
    plate,
    vehicleType: type,
    ev,
    accessible,
    kind: "drive_in",
    status: "ACTIVE",
    ticketNumber: mintBookingNumber(pooledBytes),
    spotId: body.spot_id ?? null,
    entryTime: now,
    expectedExit,
    heldUntil: expectedExit,
    actualEntry: now,
    estimatedMinor: price.totalMinor,
    currency: price.currency,
    appliedRule: price.appliedRule,
    tariff: price.tariff,
    madeAt: now,
    changedAt: now,
    // No gate has to let it in.
    untold: false,
  };
  return { ...row, dueAt: dueOf(row, policy) };
}
