import { and, asc, eq, isNull, sql } from "drizzle-orm";
import type { Db } from "../db/connection.ts";
import { edges, facilities } from "../db/schema.ts";
import { edgeKeys } from "../db/sync-schema.ts";

/** An edge as whoever runs the cloud sees it. Times are RFC 3339. */
export type EdgeRow = {
  readonly facility: string;
  readonly edge_id: string;
  /** What it signs in with: a key that was enrolled, the token of a file, or nothing any more. */
  readonly signs_in_with: "key" | "token" | "nothing";
  /** What the box calls itself; null = it was not enrolled. */
  readonly box: string | null;
  readonly enrolled_at: string | null;
  readonly last_seen_at: string | null;
};

/** Every edge that there is or was, facility by facility; those that another has replaced come last. */
export async function listEdges(db: Db): Promise<EdgeRow[]> {
  const rows = await db
    .select({
      facility: facilities.slug,
      edgeId: edges.id,
      byToken: sql<boolean>`${edges.tokenHash} is not null and ${edges.tokenRevokedAt} is null`,
      key: { name: edgeKeys.name, enrolledAt: edgeKeys.enrolledAt },
      lastSeenAt: edges.lastSeenAt,
    })
    .from(edges)
    .innerJoin(facilities, eq(facilities.id, edges.facilityId))
    .leftJoin(edgeKeys, and(eq(edgeKeys.edgeId, edges.id), isNull(edgeKeys.revokedAt)))
    .orderBy(asc(facilities.slug), sql`${edges.lastSeenAt} desc nulls last`, asc(edges.id));
  return rows.map(({ facility, edgeId, byToken, key, lastSeenAt }) => ({
    facility,
    edge_id: edgeId,
    signs_in_with: key !== null ? "key" : byToken ? "token" : "nothing",
    box: key?.name ?? null,
    enrolled_at: key?.enrolledAt.toISOString() ?? null,
    last_seen_at: lastSeenAt?.toISOString() ?? null,
  }));
}
