import { reportOverstay } from "../enforcement/overstay.ts";
import { createFacilityReader } from "../facilities/reader.ts";
import { giveBackSubject } from "../payments/give-back.queries.ts";
import type { Cache } from "../platform/cache.ts";
import type { Holdings } from "../subscriptions/holdings.ts";
import type { BookingDeps, BookingEffects } from "./deps.ts";
import { createChangeHints } from "../live/change-hints.queries.ts";
import { spotWriter } from "./spot-writer.ts";
import { createWantedReader } from "./wanted.ts";

/** Bookings with the other parts of the platform. */

export const BOOKING_LEADS_TO: BookingEffects = {
  reportOverstay,
  giveBack: async (tx, { facilityId, bookingId: subjectId, keepMinor }, now) => {
    const why = { reason: "the booking costs less than was paid", actor: "cloud" };
    return await giveBackSubject(tx, { facilityId, purpose: "booking", subjectId, keepMinor, ...why }, now);
  },
};

export function bookingDepsOf(
  { cache, ...deps }: Pick<BookingDeps, "db" | "clock" | "log"> & { readonly cache: Pick<Cache, "remember"> },
  { estimator, holdings }: Pick<BookingDeps, "estimator"> & { readonly holdings: Holdings },
): BookingDeps {
  const { db, clock, log } = deps;
  return {
    ...BOOKING_LEADS_TO,
    ...deps,
    estimator,
    findHolding: holdings.find,
    facilities: createFacilityReader({ db, cache }),
    wanted: createWantedReader(db.$client, () => clock.monotonicMs()),
    writeSpot: spotWriter(db.$client, log),
    changed: createChangeHints(db, {
      lost: (error) => log.warn({ err: error }, "who watches a facility hears of a booking later"),
    }),
  };
}
