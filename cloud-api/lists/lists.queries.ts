import { and, asc, eq, gt, inArray, isNull, lte, or, sql } from "drizzle-orm";
import { listedPlates } from "../db/bookings-schema.ts";
import type { Db, Tx } from "../db/connection.ts";

export type ListName = (typeof listedPlates.$inferSelect)["list"];
export type ListedRow = typeof listedPlates.$inferSelect;

/** By plate; one more than `limit`. */
export async function readList(
  tx: Tx,
  facilityId: string,
  list: ListName,
  { after, limit }: { readonly after: string | null; readonly limit: number },
): Promise<readonly ListedRow[]> {
  return await tx
    .select()
    .from(listedPlates)
    .where(
      and(
        eq(listedPlates.facilityId, facilityId),
        eq(listedPlates.list, list),
        after === null ? undefined : gt(listedPlates.plate, after),
      ),
    )
    .orderBy(asc(listedPlates.plate))
    .limit(limit + 1);
}

export async function findListed(
  tx: Tx,
  facilityId: string,
  list: ListName,
  plate: string,
): Promise<ListedRow | null> {
  const [row] = await tx
    .select()
    .from(listedPlates)
    .where(
      and(
        eq(listedPlates.facilityId, facilityId),
        eq(listedPlates.list, list),
        eq(listedPlates.plate, plate),
      ),
    );
  return row ?? null;
}

/** The lists that a plate is on now. */
export async function listsOf(
  db: Db | Tx,
  facilityId: string,
  plate: string,
  now: Date,
): Promise<readonly ListedRow[]> {
  return await db
    .select()
    .from(listedPlates)
    .where(
      and(
        eq(listedPlates.facilityId, facilityId),
        inArray(listedPlates.list, ["blocked", "watched"]),
        eq(listedPlates.plate, plate),
        or(isNull(listedPlates.until), gt(listedPlates.until, now)),
      ),
    )
    .orderBy(asc(listedPlates.list));
}

/** Adds plates to a list, or changes what is said of them there. Of one plate there is one row. */
export async function writeListed(tx: Tx, rows: readonly ListedRow[]): Promise<void> {
  await tx
    .insert(listedPlates)
    .values([...rows])
    .onConflictDoUpdate({
      target: [listedPlates.facilityId, listedPlates.list, listedPlates.plate],
      set: {
        reason: sql`excluded.reason`,
        until: sql`excluded.until`,
        by: sql`excluded.by`,
        at: sql`excluded.at`,
      },
    });
}

/** @returns false = it is not on the list. */
export async function deleteListed(
  tx: Tx,
  facilityId: string,
  list: ListName,
  plate: string,
): Promise<boolean> {
  const gone = await tx
    .delete(listedPlates)
    .where(
      and(
        eq(listedPlates.facilityId, facilityId),
        eq(listedPlates.list, list),
        eq(listedPlates.plate, plate),
      ),
    )
    .returning({ plate: listedPlates.plate });
  return gone.length > 0;
}

/** Facilities that have entries which are over, with the time of theirs. As who runs the cloud. */
export async function facilitiesWithOver(db: Db | Tx, now: Date, limit: number): Promise<readonly string[]> {
  const rows = await db
    .selectDistinct({ facilityId: listedPlates.facilityId })
    .from(listedPlates)
    .where(lte(listedPlates.until, now))
    .limit(limit);
  return rows.map(({ facilityId }) => facilityId);
}

/** Takes entries that are over off a facility's lists. */
export async function deleteOver(
  tx: Tx,
  facilityId: string,
  now: Date,
): Promise<readonly Pick<ListedRow, "list" | "plate">[]> {
  return await tx
    .delete(listedPlates)
    .where(and(eq(listedPlates.facilityId, facilityId), lte(listedPlates.until, now)))
    .returning({ list: listedPlates.list, plate: listedPlates.plate });
}
