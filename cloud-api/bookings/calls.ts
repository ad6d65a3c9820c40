import { z } from "@hono/zod-openapi";
import { runsFacility, type Principal } from "../accounts/principal.ts";
import { BOOKING_STATUSES } from "../db/bookings-schema.ts";
import type { Api } from "../platform/api.ts";
import { id, instant, plate, words } from "../platform/fields.ts";
import { cutPage, pageOf, pageQuery, readCursor } from "../platform/pages.ts";
import { notFound, refuse } from "../platform/refusal.ts";
import { ACTIVATE, cancelling, completing, extending, notShown } from "./acts.ts";
import { bookingSchema, viewOf } from "./booking-view.ts";
import { listBookings, readBooking } from "./bookings.queries.ts";
import { change, mayTouch } from "./changing.ts";
import type { BookingDeps } from "./deps.ts";
import { driveIn } from "./drive-in.ts";
import { reserve } from "./reserving.ts";
import { ticketCalls } from "./ticket-calls.ts";
import { vehicleType } from "../vehicles/rules.ts";

const EVERYBODY = ["driver", "staff", "owner", "admin"] as const;
const RUNNERS = ["staff", "owner", "admin"] as const;
const slug = z.string().regex(/^[a-z0-9][a-z0-9_-]{0,59}$/, "must be a short name in small letters");

const reservation = z.strictObject({
  vehicle_id: id,
  /** Needed with a class. */
  facility_id: id.optional(),
  /** A spot, or a class. */
  spot_id: id.optional(),
  class: slug.optional(),
  zone: slug.optional(),
  entry_time: instant,
  expected_exit: instant,
});

const newDriveIn = z.strictObject({
  facility_id: id,
  plate,
  vehicle_type: vehicleType.default("car"),
  ev: z.boolean().default(false),
  accessible: z.boolean().default(false),
  spot_id: id.optional(),
  expected_exit: instant.optional(),
});

const filters = {
  facility_id: id.optional(),
  status: z.enum(BOOKING_STATUSES).optional(),
  kind: z.enum(["reservation", "drive_in"]).optional(),
  plate: plate.optional(),
  ticket_number: z.string().trim().toUpperCase().max(20).optional(),
  spot_id: id.optional(),
  from: instant.optional(),
  until: instant.optional(),
};

const params = z.object({ id });
const tag = "bookings";
const oneOfThem = {
  tag,
  params,
  answer: bookingSchema,
  idempotent: true,
  keyScope: "bookings:write",
} as const;

/** Bookings: made, looked at, changed. */
export function bookingCalls(api: Api, deps: BookingDeps): void {
  makingCalls(api, deps);
  lookingCalls(api);
  changingCalls(api, deps);
  ticketCalls(api, deps);
}

function makingCalls(api: Api, deps: BookingDeps): void {
  api.bare(
    {
      method: "post",
      path: "/api/bookings/reserve/",
      tag,
      summary: "Books a spot, or a space of a class",
      description:
        "Name a spot by spot_id, or a facility and a class (standard, ev, accessible). Where it must be paid in advance it is PENDING until then, and lost at pay_by.",
      access: ["driver"],
      body: reservation,
      status: 201,
      answer: bookingSchema,
      idempotent: true,
    },
    async (asked) => await reserve(deps, asked),
  );
  api.bare(
    {
      method: "post",
      path: "/api/bookings/drive_in/",
      tag,
      summary: "Takes in a vehicle that came without a booking",
      access: RUNNERS,
      keyScope: "bookings:write",
      body: newDriveIn,
      status: 201,
      answer: bookingSchema,
      idempotent: true,
    },
    async (asked) => await driveIn(deps, asked),
  );
}

function lookingCalls(api: Api): void {
  api.call(
    {
      method: "get",
      path: "/api/bookings/",
      tag,
      summary: "Lists a driver's own bookings, or those of a facility",
      access: EVERYBODY,
      keyScope: "bookings:read",
      query: z.strictObject({ ...pageQuery, ...filters }),
      answer: pageOf(bookingSchema),
    },
    async ({ tx, principal, query }) => {
      const { limit, cursor, status, kind, from, until, spot_id: spotId } = query;
      const whose = whoseBookings(principal, query.facility_id);
      const after = readCursor(cursor, placeSchema);
      const filter = { ...whose, status, kind, plate: query.plate, ticketNumber: query.ticket_number };
      const rows = await listBookings(
        tx,
        { ...filter, spotId, from, until },
        after === null ? null : { entryMs: after[0], id: after[1] },
        limit,
      );
      const page = cutPage(rows, limit, ({ row }) => [row.entryTime.getTime(), row.id]);
      const items = page.rows.map(({ row, spotNumber }) => viewOf(row, spotNumber));
      return { items, next_cursor: page.next_cursor };
    },
  );
  api.call(
    {
      method: "get",
      path: "/api/bookings/{id}/",
      tag,
      summary: "A booking",
      access: EVERYBODY,
      keyScope: "bookings:read",
      params,
      answer: bookingSchema,
    },
    async ({ tx, principal, params: { id: bookingId } }) => {
      const seen = await readBooking(tx, bookingId);
      if (seen === null || !mayTouch(principal, seen.row)) return notFound("booking");
      return viewOf(seen.row, seen.spotNumber);
    },
  );
}

/** Unix milliseconds of the years 1900 to 2199, and an id. */
const placeSchema = z.tuple([z.number().int().min(-2_208_988_800_000).max(7_258_118_399_999), id]);

/** @throws a refusal where it is not clear, or not theirs. */
function whoseBookings(
  principal: Principal,
  named: string | undefined,
): { readonly userId: string | null; readonly facilityId: string | null } {
  if (principal.role === "driver") return { userId: principal.actorId, facilityId: named ?? null };
  const [only, ...more] = principal.facilityIds;
  const facilityId = named ?? (more.length === 0 ? only : undefined);
  if (facilityId === undefined) return refuse(400, "invalid", "name one of your facilities", "facility_id");
  return runsFacility(principal, facilityId) ? { userId: null, facilityId } : notFound("facility");
}

function changingCalls(api: Api, deps: BookingDeps): void {
  api.bare(
    {
      ...oneOfThem,
      method: "post",
      path: "/api/bookings/{id}/activate/",
      summary: "The vehicle is there",
      access: EVERYBODY,
    },
    async (asked) => await change(deps, asked, ACTIVATE),
  );
  api.bare(
    {
      ...oneOfThem,
      method: "post",
      path: "/api/bookings/{id}/complete/",
      summary: "The vehicle has left: the final price",
      access: EVERYBODY,
    },
    async (asked) => await change(deps, asked, completing(deps)),
  );
  api.bare(
    {
      ...oneOfThem,
      method: "post",
      path: "/api/bookings/{id}/cancel/",
      summary: "Cancels a booking that has not begun",
      access: EVERYBODY,
      body: z.strictObject({ reason: words(200).optional() }),
    },
    async (asked) => await change(deps, asked, cancelling(deps, asked.body.reason ?? null)),
  );
  api.bare(
    {
      ...oneOfThem,
      method: "post",
      path: "/api/bookings/{id}/extend/",
      summary: "Books more time",
      access: EVERYBODY,
      body: z.strictObject({ expected_exit: instant }),
    },
    async (asked) => await change(deps, asked, extending(deps, asked.body.expected_exit)),
  );
  api.bare(
    {
      ...oneOfThem,
      method: "post",
      path: "/api/bookings/{id}/no_show/",
      summary: "Nobody came: the space is free again",
      access: RUNNERS,
    },
    async (asked) => await change(deps, asked, notShown(deps)),
  );
}
