import { asc, eq, lt } from "drizzle-orm";
import { idempotencyKeys } from "../db/bookings-schema.ts";
import type { Db, Tx } from "../db/connection.ts";
import { facilities } from "../db/schema.ts";
import type { Retention } from "./rules.ts";

export type FacilitySettings = { readonly id: string; readonly retention: unknown };

/** All facilities, also those that are closed: what is left of them is forgotten as well. */
export async function everyFacility(db: Db): Promise<readonly FacilitySettings[]> {
  return await db
    .select({ id: facilities.id, retention: facilities.retention })
    .from(facilities)
    .orderBy(asc(facilities.id));
}

export async function readRetention(tx: Tx, facilityId: string): Promise<unknown> {
  const [found] = await tx
    .select({ retention: facilities.retention })
    .from(facilities)
    .where(eq(facilities.id, facilityId));
  return found?.retention ?? null;
}

/** @param retention null = as everywhere. */
export async function writeRetention(tx: Tx, facilityId: string, retention: Retention | null): Promise<void> {
  await tx.update(facilities).set({ retention }).where(eq(facilities.id, facilityId));
}

const DAY_MS = 86_400_000;

/** Answers are repeated for a day. @returns how many were forgotten. */
export async function forgetAnswers(db: Db, now: Date): Promise<number> {
  const gone = await db
    .delete(idempotencyKeys)
    .where(lt(idempotencyKeys.at, new Date(now.getTime() - DAY_MS)));
  return gone.rowCount ?? 0;
}
