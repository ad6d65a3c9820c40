import { randomUUID } from "node:crypto";
import { STANDARD_CLASS } from "@parkme/shared/domain/capacity-rights";
import type { Principal } from "../accounts/principal.ts";
import { actorName } from "../audit/entries.queries.ts";
import type { Sale } from "../capacity/sales.queries.ts";
import { isOpenAt } from "../facilities/opening-hours.ts";
import type { Asked } from "../platform/api.ts";
import { notFound, refuse } from "../platform/refusal.ts";
import { dueOf, type BookingRow } from "./booking-row.ts";
import type { BookedFacility, BookingDeps } from "./deps.ts";
import { policyOf, type BookingPolicy } from "./policy.ts";
import { priceOf, saleOf } from "./pricing.ts";
import { hasZone, type Entry, type Space, type WantedSpot, type WantedVehicle } from "./reserve.queries.ts";
import { opensAtMs, timesProblem } from "./rules.ts";
import { classProblem, sizeRankOf, spotProblem } from "./suiting.ts";
import { mintBookingNumber, pooledBytes } from "./ticket-number.ts";
import type { FoundWanted } from "./wanted.ts";

/** What is decided of a driver's booking before its spot is locked, the price above all. */

type Reservation = {
  readonly vehicle_id: string;
  readonly facility_id?: string | undefined;
  readonly spot_id?: string | undefined;
  readonly class?: string | undefined;
  readonly zone?: string | undefined;
  readonly entry_time: Date;
  readonly expected_exit: Date;
};

export type AskedToReserve = Pick<Asked<unknown, unknown, Reservation>, "c" | "body" | "now"> & {
  readonly principal: Principal;
};

/** As {@link AskedToReserve}, with what was found for it. */
export type Order = {
  readonly row: BookingRow;
  readonly space: Space;
  readonly sale: Sale | null;
  readonly entry: Entry;
  readonly mustBeFree: boolean;
};

/** @throws a refusal. */
export async function orderOf(deps: BookingDeps, asked: AskedToReserve, found: FoundWanted): Promise<Order> {
  const facility = await bookable(deps, asked.body, found.spot);
  return await prepare(deps, asked, facility, found);
}

async function bookable(
  { db, facilities }: BookingDeps,
  body: Reservation,
  spot: WantedSpot | null,
): Promise<BookedFacility> {
  if (
    body.spot_id !== undefined &&
    (spot === null || (body.facility_id ?? spot.facilityId) !== spot.facilityId)
  )
    return refuse(404, "no_such_spot", "there is no such spot", "spot_id");
  const facilityId = spot?.facilityId ?? body.facility_id;
  if (facilityId === undefined) return refuse(400, "invalid", "is needed with a class", "facility_id");
  const facility = await facilities.find(facilityId);
  if (facility === null || !facility.listed || facility.closedAt !== null) return notFound("facility");
  if (!facility.bookable)
    return refuse(409, "not_bookable", "this facility takes no bookings", "facility_id");
  if (body.zone !== undefined && !(await hasZone(db.$client, facilityId, body.zone)))
    return refuse(404, "no_such_zone", "there is no such zone", "zone");
  return facility;
}

async function prepare(
  deps: BookingDeps,
  { body, principal, now, c }: AskedToReserve,
  facility: BookedFacility,
  { vehicle, spot }: FoundWanted,
): Promise<Order> {
  const policy = policyOf(facility.bookingPolicy);
  const [fromMs, untilMs] = [body.entry_time.getTime(), body.expected_exit.getTime()];
  const wrong = timesProblem({ fromMs, untilMs }, policy, now.getTime());
  if (wrong !== null) refuse(wrong.code === "invalid" ? 400 : 409, wrong.code, wrong.message, wrong.field);
  const shut = shutAt(facility, fromMs, untilMs);
  if (shut !== null) refuse(409, "closed_then", "the facility is closed at that time", shut);
  const space = spaceFor(body, facility, vehicle, spot);
  const price = await priceOf(deps, facility.id, { userId: principal.actorId, vehicle, fromMs, untilMs });
  const saleId = space.kind === "right" ? randomUUID() : null;
  const status = policy.pay_in_advance && price.totalMinor > 0 ? "PENDING" : "CONFIRMED";
  const spotId = space.kind === "spot" ? space.spotId : null;
  const known = { facilityId: facility.id, userId: principal.actorId, vehicle, price, policy, now };
  const row = rowOf(body, { ...known, status, spotId, saleId });
  const entry = {
    organisationId: facility.organisationId,
    actor: actorName(principal),
    role: principal.role,
    requestId: c.get("requestId"),
  };
  const sale = saleId === null ? null : saleOf(row, saleId);
  return { row, space, sale, entry, mustBeFree: opensAtMs(fromMs, policy) <= now.getTime() };
}

type Decided = {
  readonly facilityId: string;
  readonly userId: string;
  readonly vehicle: WantedVehicle;
  readonly price: Awaited<ReturnType<typeof priceOf>>;
  readonly policy: BookingPolicy;
  readonly now: Date;
  readonly status: "PENDING" | "CONFIRMED";
  readonly spotId: string | null;
  readonly saleId: string | null;
};

/** One object with all of its members: copies of so many take longer than everything else that is decided here. */
function rowOf(body: Reservation, decided: Decided): BookingRow {
  const { vehicle, price, policy, now, status, spotId } = decided;
  const { entry_time: entryTime, expected_exit: expectedExit } = body;
  const [kind, heldUntil, overstayAt, madeAt] = ["reservation" as const, expectedExit, null, now];
  return {
    facilityId: decided.facilityId,
    id: randomUUID(),
    userId: decided.userId,
    vehicleId: body.vehicle_id,
    plate: vehicle.plate,
    vehicleType: vehicle.type,
    ev: vehicle.ev,
    accessible: vehicle.accessible,
    kind,
    status,
    ticketNumber: mintBookingNumber(pooledBytes),
    spotId,
    class: body.class ?? null,
    zoneSlug: body.zone ?? null,
    saleId: decided.saleId,
    entryTime,
    expectedExit,
    heldUntil,
    actualEntry: null,
    actualExit: null,
    overstayAt,
    stayId: null,
    estimatedMinor: price.totalMinor,
    finalMinor: null,
    gateMinor: 0,
    paidMinor: 0,
    currency: price.currency,
    appliedRule: price.appliedRule,
    tariff: price.tariff,
    subscriptionId: price.subscriptionId,
    cancelReason: null,
    madeAt,
    changedAt: now,
    dueAt: dueOf({ kind, status, spotId, entryTime, expectedExit, heldUntil, overstayAt, madeAt }, policy),
    untold: status !== "PENDING",
  };
}

/** Over night it may be closed: nobody comes or leaves then. @returns the member that is wrong. */
function shutAt({ openingHours, timeZone }: BookedFacility, fromMs: number, untilMs: number): string | null {
  if (!isOpenAt(openingHours, fromMs, timeZone)) return "entry_time";
  return isOpenAt(openingHours, untilMs - 1, timeZone) ? null : "expected_exit";
}

function spaceFor(
  body: Reservation,
  facility: BookedFacility,
  vehicle: WantedVehicle,
  spot: WantedSpot | null,
): Space {
  if (body.spot_id !== undefined && spot !== null) {
    const wrong = spotProblem(spot, vehicle);
    if (wrong !== null) refuse(409, "spot_unsuitable", wrong, "spot_id");
    return { kind: "spot", spotId: body.spot_id, as: spot };
  }
  if (facility.gateRights) {
    if (body.class !== STANDARD_CLASS) refuse(404, "no_such_class", "there is no such class", "class");
    return { kind: "right" };
  }
  const read = classProblem(body.class ?? "", vehicle);
  if (!read.ok) return refuse(read.error.status, read.error.code, read.error.message, "class");
  const wanted = { class: read.value, zoneSlug: body.zone ?? null, sizeRank: sizeRankOf(vehicle.type) };
  return { kind: "class", wanted: { ...wanted, vehicleType: vehicle.type } };
}
