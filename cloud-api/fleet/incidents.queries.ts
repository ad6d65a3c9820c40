import { and, eq, isNull, sql } from "drizzle-orm";
import type { Db, Tx } from "../db/connection.ts";
import { syncIncidents } from "../db/sync-schema.ts";
import { asText } from "../db/text.ts";

export type IncidentKind = (typeof syncIncidents.$inferSelect)["kind"];

export type IncidentReport = {
  readonly facilityId: string;
  readonly edgeId: string;
  readonly kind: IncidentKind;
  /** What happened, in words that stay the same when it happens again: that is what it is counted up by. */
  readonly detail: string;
};

/** An entry of an index has no room for more. */
const MAX_DETAIL = 500;

/** Tells a person of something between an edge and us. One that is open already is counted up. */
export async function raiseIncident(db: Db | Tx, report: IncidentReport, now: Date): Promise<void> {
  const { facilityId, edgeId, kind } = report;
  const detail = asText(report.detail.slice(0, MAX_DETAIL));
  await db
    .insert(syncIncidents)
    .values({ facilityId, edgeId, kind, detail, at: now, lastAt: now })
    .onConflictDoUpdate({
      target: [syncIncidents.edgeId, syncIncidents.kind, syncIncidents.detail],
      targetWhere: sql`seen_at is null`,
      set: { count: sql`${syncIncidents.count} + 1`, lastAt: now },
    });
}

/**
 * A person has seen an incident: should the same happen again, it is a new one.
 *
 * @returns false = the facility has no such incident that is open.
 */
export async function markSeen(
  db: Db | Tx,
  { facilityId, incidentId, by }: { facilityId: string; incidentId: string; by: string },
  now: Date,
): Promise<boolean> {
  const seen = await db
    .update(syncIncidents)
    .set({ seenAt: now, seenBy: asText(by) })
    .where(
      and(
        eq(syncIncidents.id, incidentId),
        eq(syncIncidents.facilityId, facilityId),
        isNull(syncIncidents.seenAt),
      ),
    )
    .returning({ id: syncIncidents.id });
  return seen.length > 0;
}
