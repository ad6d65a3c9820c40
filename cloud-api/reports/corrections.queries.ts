import type { Effect } from "../fleet/effect.ts";
import { countCorrections } from "../db/reports-schema.ts";

/** Keeps how the count of the whole facility was set; those of zones change nothing of it. */
export const keepCorrections: Effect<"count.corrected"> = async (tx, { facilityId }, told) => {
  const rows = told.flatMap(({ eventId, payload: { zone, before, after, cause, actor, reason, at } }) =>
    zone === null ? [{ facilityId, id: eventId, before, after, cause, actor, reason, at: new Date(at) }] : [],
  );
  if (rows.length > 0) await tx.insert(countCorrections).values(rows).onConflictDoNothing();
};
