import { and, eq } from "drizzle-orm";
import type { Db, Tx } from "../db/connection.ts";
import { penaltyRules } from "../db/enforcement-schema.ts";
import { facilities } from "../db/schema.ts";
import type { ViolationKind } from "./rules.ts";

export type PenaltyRow = typeof penaltyRules.$inferSelect;

/** What the enforcement of a facility has to know of it. */
export type EnforcedFacility = {
  readonly id: string;
  readonly currency: string;
  readonly organisationId: string;
};

/** Null = there is none, or it is not for who asks to see. */
export async function findEnforced(tx: Db | Tx, facilityId: string): Promise<EnforcedFacility | null> {
  const [found] = await tx
    .select({
      id: facilities.id,
      currency: facilities.currency,
      organisationId: facilities.organisationId,
    })
    .from(facilities)
    .where(eq(facilities.id, facilityId));
  return found ?? null;
}

/** The kinds of violations that a facility enforces, and what they cost. */
export async function penaltiesOf(tx: Db | Tx, facilityId: string): Promise<PenaltyRow[]> {
  return await tx
    .select()
    .from(penaltyRules)
    .where(eq(penaltyRules.facilityId, facilityId))
    .orderBy(penaltyRules.kind);
}

/** Null = the facility does not enforce this kind. */
export async function penaltyFor(
  tx: Db | Tx,
  facilityId: string,
  kind: ViolationKind,
): Promise<PenaltyRow | null> {
  const [found] = await tx.select().from(penaltyRules).where(its(facilityId, kind));
  return found ?? null;
}

export async function writePenalty(tx: Tx, row: PenaltyRow): Promise<void> {
  const { facilityId: _facility, kind: _kind, ...set } = row;
  await tx
    .insert(penaltyRules)
    .values(row)
    .onConflictDoUpdate({ target: [penaltyRules.facilityId, penaltyRules.kind], set });
}

/** @returns whether there was one. */
export async function deletePenalty(tx: Tx, facilityId: string, kind: ViolationKind): Promise<boolean> {
  const gone = await tx
    .delete(penaltyRules)
    .where(its(facilityId, kind))
    .returning({ kind: penaltyRules.kind });
  return gone.length > 0;
}

function its(facilityId: string, kind: ViolationKind) {
  return and(eq(penaltyRules.facilityId, facilityId), eq(penaltyRules.kind, kind));
}
