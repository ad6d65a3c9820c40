import type { Tx } from "../db/connection.ts";
import { refuse } from "../platform/refusal.ts";
import {
  findBooking,
  findBookingOfPlate,
  findBookingOfStay,
  findSpot,
  findStay,
  findStayOfPlate,
  type BookingLink,
} from "./links.queries.ts";
import type { Found } from "./raising.ts";

/** What a patrol says of where it belongs; the rest is found. */
export type Said = {
  readonly plate?: string | undefined;
  readonly stay_id?: string | undefined;
  readonly booking_id?: string | undefined;
  readonly spot_id?: string | undefined;
  readonly spot_number?: string | undefined;
};

export type Links = Pick<Found, "plate" | "stayId" | "bookingId" | "spotId" | "userId">;

/**
 * Finds the stay, the booking and so the driver of a violation. A driver is known by a booking only: whoever enters
 * another's plate as a vehicle of theirs must not see where that one parks.
 *
 * @throws a refusal that names the member which is nothing of the facility, or contradicts the others.
 */
export async function findLinks(tx: Tx, facilityId: string, said: Said, at: Date): Promise<Links> {
  const stay = said.stay_id === undefined ? null : await findStay(tx, facilityId, said.stay_id);
  if (stay === null && said.stay_id !== undefined) unknown("stay_id");
  const named = said.booking_id === undefined ? null : await findBooking(tx, facilityId, said.booking_id);
  if (named === null && said.booking_id !== undefined) unknown("booking_id");
  const plate = said.plate ?? stay?.plate ?? named?.plate ?? null;
  if (plate === null && stay === null && named === null)
    refuse(400, "invalid", "a plate, a stay or a booking is needed", "plate");
  if (named !== null && plate !== named.plate)
    refuse(400, "invalid", "the booking is of another plate", "booking_id");

  const stayId = stay?.stayId ?? named?.stayId ?? (await stayOf(tx, facilityId, plate, at));
  const booking = named ?? (await bookingOf(tx, facilityId, { plate, stayId }, at));
  const spotId = await spotOf(tx, facilityId, said);
  return {
    plate,
    stayId,
    bookingId: booking?.id ?? null,
    spotId,
    userId: booking?.userId ?? null,
  };
}

function unknown(field: string): never {
  return refuse(400, "invalid", "is nothing of this facility", field);
}

async function stayOf(tx: Tx, facilityId: string, plate: string | null, at: Date): Promise<string | null> {
  if (plate === null) return null;
  return (await findStayOfPlate(tx, facilityId, plate, at))?.stayId ?? null;
}

async function bookingOf(
  tx: Tx,
  facilityId: string,
  { plate, stayId }: Pick<Links, "plate" | "stayId">,
  at: Date,
): Promise<BookingLink | null> {
  const ofStay = stayId === null ? null : await findBookingOfStay(tx, facilityId, stayId);
  if (ofStay !== null || plate === null) return ofStay;
  return await findBookingOfPlate(tx, facilityId, plate, at);
}

async function spotOf(tx: Tx, facilityId: string, said: Said): Promise<string | null> {
  if (said.spot_id !== undefined) {
    const spot = await findSpot(tx, facilityId, { id: said.spot_id });
    if (spot === null) return unknown("spot_id");
    if (said.spot_number !== undefined && said.spot_number !== spot.number)
      return refuse(400, "invalid", "is the number of another spot", "spot_number");
    return spot.id;
  }
  if (said.spot_number === undefined) return null;
  return (await findSpot(tx, facilityId, { number: said.spot_number }))?.id ?? unknown("spot_number");
}
