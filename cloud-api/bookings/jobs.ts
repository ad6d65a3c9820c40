import { createFacilityReader } from "../facilities/reader.ts";
import type { Cache } from "../platform/cache.ts";
import type { Job } from "../platform/job.ts";
import type { BookingDeps } from "./deps.ts";
import { dueJob } from "./due.ts";
import { tellGates } from "./publisher.queries.ts";
import { followGates } from "./stays.queries.ts";
import { BOOKING_LEADS_TO } from "./wiring.ts";

/** What is done with bookings in the background. */
export function bookingJobs(store: {
  readonly db: BookingDeps["db"];
  readonly cache: Pick<Cache, "remember">;
}): readonly Job[] {
  const deps = { ...BOOKING_LEADS_TO, facilities: createFacilityReader(store) };
  return [
    { name: "bookings.tell_gates", everySeconds: 1, run: tellGates },
    {
      name: "bookings.follow_gates",
      everySeconds: 1,
      run: async (its, now) => await followGates(its, deps, now),
    },
    dueJob(deps),
  ];
}
