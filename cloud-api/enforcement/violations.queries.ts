import { and, desc, eq, gte, inArray, lt, or, sql, type SQL } from "drizzle-orm";
import { bookings } from "../db/bookings-schema.ts";
import type { Db, Tx } from "../db/connection.ts";
import { disputes, violations } from "../db/enforcement-schema.ts";
import type { ViolationKind, ViolationStatus } from "./rules.ts";

export type ViolationRow = typeof violations.$inferSelect;
export type NewViolation = typeof violations.$inferInsert;
export type DisputeRow = typeof disputes.$inferSelect;

/** The place of a violation: its id alone is not the table's key, which leads with the facility. */
export type ViolationKey = { readonly facilityId: string; readonly id: string };

/** @returns null where the same was reported before: see {@link findReported}. */
export async function insertViolation(tx: Tx, row: NewViolation): Promise<ViolationRow | null> {
  const [made] = await tx.insert(violations).values(row).onConflictDoNothing().returning();
  return made ?? null;
}

/** What was reported from a source; null = nothing. */
export async function findReported(
  tx: Tx,
  { facilityId, source, sourceKey }: Pick<ViolationRow, "facilityId" | "source" | "sourceKey">,
): Promise<ViolationRow | null> {
  const [found] = await tx
    .select()
    .from(violations)
    .where(
      and(
        eq(violations.facilityId, facilityId),
        eq(violations.source, source),
        eq(violations.sourceKey, sourceKey),
      ),
    );
  return found ?? null;
}

/** By its id alone, as people ask for it. */
export async function findViolation(tx: Db | Tx, id: string): Promise<ViolationRow | null> {
  const [found] = await tx.select().from(violations).where(eq(violations.id, id));
  return found ?? null;
}

export async function findViolationOf(tx: Db | Tx, key: ViolationKey): Promise<ViolationRow | null> {
  const [found] = await tx.select().from(violations).where(its(key));
  return found ?? null;
}

/** By its id alone, and nobody else changes it until the transaction ends. */
export async function lockViolation(tx: Tx, id: string): Promise<ViolationRow | null> {
  const [found] = await tx.select().from(violations).where(eq(violations.id, id)).for("update");
  return found ?? null;
}

export async function lockViolationOf(tx: Tx, key: ViolationKey): Promise<ViolationRow | null> {
  const [found] = await tx.select().from(violations).where(its(key)).for("update");
  return found ?? null;
}

export async function changeViolation(
  tx: Tx,
  key: ViolationKey,
  change: Partial<NewViolation>,
): Promise<ViolationRow> {
  const [changed] = await tx.update(violations).set(change).where(its(key)).returning();
  if (changed === undefined) throw new Error("a violation that was read is gone");
  return changed;
}

export type ViolationFilter = {
  /** Null = of any. */
  readonly userId: string | null;
  /** Null = of any. */
  readonly facilityIds: readonly string[] | null;
  readonly status?: ViolationStatus | undefined;
  readonly kind?: ViolationKind | undefined;
  readonly plate?: string | undefined;
  readonly stayId?: string | undefined;
  readonly bookingId?: string | undefined;
  readonly from?: Date | undefined;
  readonly until?: Date | undefined;
  /** Only those behind this place of the list. */
  readonly after: { readonly at: Date; readonly id: string } | null;
  readonly limit: number;
};

/** The newest first; one more than asked for, where there are more. */
export async function listViolations(tx: Tx, filter: ViolationFilter): Promise<ViolationRow[]> {
  const { userId, facilityIds, after, limit, from, until } = filter;
  const wanted: (SQL | undefined)[] = [
    userId === null ? undefined : eq(violations.userId, userId),
    facilityIds === null ? undefined : inArray(violations.facilityId, [...facilityIds]),
    from && gte(violations.at, from),
    until && lt(violations.at, until),
    after === null
      ? undefined
      : or(
          lt(violations.at, after.at),
          and(eq(violations.at, after.at), sql`${violations.id} > ${after.id}::uuid`),
        ),
  ];
  for (const member of ["status", "kind", "plate", "stayId", "bookingId"] as const) {
    const value = filter[member];
    if (value !== undefined) wanted.push(eq(violations[member], value));
  }
  return await tx
    .select()
    .from(violations)
    .where(and(...wanted))
    .orderBy(desc(violations.at), violations.id)
    .limit(limit + 1);
}

/** A violation that no driver is known of, by its id and plate: for who has found a notice on their vehicle. */
export async function lockUnclaimed(db: Tx, id: string, plate: string): Promise<ViolationRow | null> {
  const [found] = await db
    .select()
    .from(violations)
    .where(and(eq(violations.id, id), eq(violations.plate, plate)))
    .for("update");
  return found ?? null;
}

/** Adds a picture where there is room for one. @returns whether there was. */
export async function addPicture(
  tx: Tx,
  key: ViolationKey,
  pictureId: string,
  most: number,
): Promise<boolean> {
  const added = await tx
    .update(violations)
    .set({ pictures: sql`array_append(${violations.pictures}, ${pictureId})` })
    .where(and(its(key), sql`cardinality(${violations.pictures}) < ${most}`))
    .returning({ id: violations.id });
  return added.length > 0;
}

/** An overstay that goes on, and its booking as it is now. */
export type Growing = {
  readonly violation: ViolationRow;
  readonly bookingStatus: string | null;
  readonly actualExit: Date | null;
};

/** Overstays that went on when they were looked at last, locked; those that somebody else holds are left out. */
export async function lockGrowing(tx: Tx, limit: number, after: ViolationKey | null): Promise<Growing[]> {
  const found = await tx
    .select({ violation: violations, bookingStatus: bookings.status, actualExit: bookings.actualExit })
    .from(violations)
    .leftJoin(
      bookings,
      and(eq(bookings.facilityId, violations.facilityId), eq(bookings.id, violations.bookingId)),
    )
    .where(
      and(
        eq(violations.goesOn, true),
        after === null
          ? undefined
          : sql`(${violations.facilityId}, ${violations.id}) > (${after.facilityId}::uuid, ${after.id}::uuid)`,
      ),
    )
    .orderBy(violations.facilityId, violations.id)
    .limit(limit)
    .for("update", { of: violations, skipLocked: true });
  return found;
}

/** Null = nobody disputes it. A violation is disputed once. */
export async function findDispute(tx: Tx, key: ViolationKey): Promise<DisputeRow | null> {
  const [found] = await tx
    .select()
    .from(disputes)
    .where(and(eq(disputes.facilityId, key.facilityId), eq(disputes.violationId, key.id)));
  return found ?? null;
}

export async function insertDispute(tx: Tx, row: typeof disputes.$inferInsert): Promise<DisputeRow> {
  const [made] = await tx.insert(disputes).values(row).returning();
  if (made === undefined) throw new Error("an insert returned no row");
  return made;
}

export async function decideDispute(
  tx: Tx,
  dispute: Pick<DisputeRow, "facilityId" | "id">,
  decided: Partial<DisputeRow>,
): Promise<DisputeRow> {
  const [changed] = await tx
    .update(disputes)
    .set(decided)
    .where(and(eq(disputes.facilityId, dispute.facilityId), eq(disputes.id, dispute.id)))
    .returning();
  if (changed === undefined) throw new Error("a dispute that was read is gone");
  return changed;
}

function its({ facilityId, id }: ViolationKey) {
  return and(eq(violations.facilityId, facilityId), eq(violations.id, id));
}
