import { and, desc, eq, isNull, lt, or } from "drizzle-orm";
import type { Tx } from "../db/connection.ts";
import { legalHolds } from "../db/platform-schema.ts";

export type HoldRow = typeof legalHolds.$inferSelect;

export async function insertHold(tx: Tx, row: HoldRow): Promise<void> {
  await tx.insert(legalHolds).values(row);
}

/** Those that the walls show, the newest first; one more than `limit`. */
export async function listHolds(
  tx: Tx,
  {
    facilityId,
    lifted,
    after,
    limit,
  }: {
    readonly facilityId: string | undefined;
    readonly lifted: boolean;
    readonly after: readonly [atMs: number, id: string] | null;
    readonly limit: number;
  },
): Promise<readonly HoldRow[]> {
  const [atMs, id] = after ?? [0, ""];
  const at = new Date(atMs);
  const behind =
    after === null ? undefined : or(lt(legalHolds.at, at), and(eq(legalHolds.at, at), lt(legalHolds.id, id)));
  return await tx
    .select()
    .from(legalHolds)
    .where(
      and(
        facilityId === undefined ? undefined : eq(legalHolds.facilityId, facilityId),
        lifted ? undefined : isNull(legalHolds.liftedAt),
        behind,
      ),
    )
    .orderBy(desc(legalHolds.at), desc(legalHolds.id))
    .limit(limit + 1);
}

/** Locked. Null = there is none, or it is another tenant's. */
export async function lockHold(tx: Tx, id: string): Promise<HoldRow | null> {
  const [row] = await tx.select().from(legalHolds).where(eq(legalHolds.id, id)).for("update");
  return row ?? null;
}

export async function liftHold(tx: Tx, { organisationId, id }: HoldRow, now: Date): Promise<void> {
  await tx
    .update(legalHolds)
    .set({ liftedAt: now })
    .where(and(eq(legalHolds.organisationId, organisationId), eq(legalHolds.id, id)));
}
