import { and, count, desc, eq, gt, gte, inArray, isNull, lt, or, sql } from "drizzle-orm";
import { bookings, subscriptions, vehicles, vehicleTransfers } from "../db/bookings-schema.ts";
import type { Db, Tx } from "../db/connection.ts";
import { stays } from "../db/schema.ts";

export type VehicleRow = typeof vehicles.$inferSelect;

function isOwned(userId: string, vehicleId: string) {
  return and(eq(vehicles.userId, userId), eq(vehicles.id, vehicleId), isNull(vehicles.ownedUntil));
}

/** Those of the ids that are the driver's now, in no order. */
export async function findOwnVehicles(
  db: Db | Tx,
  userId: string,
  vehicleIds: readonly string[],
): Promise<readonly VehicleRow[]> {
  return await db
    .select()
    .from(vehicles)
    .where(
      and(eq(vehicles.userId, userId), inArray(vehicles.id, [...vehicleIds]), isNull(vehicles.ownedUntil)),
    );
}

/** Now or before. */
export async function findVehicle(
  db: Db | Tx,
  userId: string,
  vehicleId: string,
): Promise<VehicleRow | null> {
  const [row] = await db
    .select()
    .from(vehicles)
    .where(and(eq(vehicles.userId, userId), eq(vehicles.id, vehicleId)));
  return row ?? null;
}

/** A vehicle that is the driver's now; nobody else changes it until the transaction is over. Null = there is none. */
export async function lockOwnVehicle(tx: Tx, userId: string, vehicleId: string): Promise<VehicleRow | null> {
  const [row] = await tx.select().from(vehicles).where(isOwned(userId, vehicleId)).for("update");
  return row ?? null;
}

/** The newest first; one more than `limit`. */
export async function listVehicles(
  db: Db | Tx,
  userId: string,
  {
    ended,
    after,
    limit,
  }: {
    readonly ended: boolean;
    readonly after: readonly [fromMs: number, id: string] | null;
    readonly limit: number;
  },
): Promise<readonly VehicleRow[]> {
  const [fromMs, afterId] = after ?? [0, ""];
  const from = new Date(fromMs);
  const behind =
    after === null
      ? undefined
      : or(lt(vehicles.ownedFrom, from), and(eq(vehicles.ownedFrom, from), lt(vehicles.id, afterId)));
  return await db
    .select()
    .from(vehicles)
    .where(and(eq(vehicles.userId, userId), ended ? undefined : isNull(vehicles.ownedUntil), behind))
    .orderBy(desc(vehicles.ownedFrom), desc(vehicles.id))
    .limit(limit + 1);
}

/** How many vehicles a driver has; whoever else adds one for them waits. */
export async function countVehicles(tx: Tx, userId: string): Promise<number> {
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`vehicles ${userId}`}, 0))`);
  const [found] = await tx
    .select({ n: count() })
    .from(vehicles)
    .where(and(eq(vehicles.userId, userId), isNull(vehicles.ownedUntil)));
  return found?.n ?? 0;
}

/** @returns false = the driver has a vehicle with this plate already. */
export async function insertVehicle(tx: Tx, row: VehicleRow): Promise<boolean> {
  const made = await tx.insert(vehicles).values(row).onConflictDoNothing().returning({ id: vehicles.id });
  return made.length > 0;
}

export async function updateVehicle(
  tx: Tx,
  vehicleId: string,
  change: Partial<Pick<VehicleRow, "type" | "ev" | "accessible" | "name" | "ownedUntil">>,
): Promise<void> {
  await tx.update(vehicles).set(change).where(eq(vehicles.id, vehicleId));
}

/** Whether a booking that is not over names it. */
export async function isBooked(tx: Tx, userId: string, vehicleId: string): Promise<boolean> {
  const [found] = await tx
    .select({ n: count() })
    .from(bookings)
    .where(
      and(
        eq(bookings.userId, userId),
        eq(bookings.vehicleId, vehicleId),
        inArray(bookings.status, ["PENDING", "CONFIRMED", "ACTIVE"]),
      ),
    );
  return (found?.n ?? 0) > 0;
}

/** Whether a subscription that is not over names it. */
export async function isSubscribed(tx: Tx, userId: string, vehicleId: string): Promise<boolean> {
  const [found] = await tx
    .select({ n: count() })
    .from(subscriptions)
    .innerJoin(vehicles, and(eq(vehicles.id, vehicleId), eq(vehicles.userId, subscriptions.userId)))
    .where(
      and(
        eq(subscriptions.userId, userId),
        inArray(subscriptions.status, ["pending", "active"]),
        sql`${vehicles.plate} = any(${subscriptions.plates})`,
      ),
    );
  return (found?.n ?? 0) > 0;
}

export type TransferRow = typeof vehicleTransfers.$inferSelect;

/** Offers a vehicle; an offer of before is worth nothing any more. */
export async function writeTransfer(tx: Tx, row: TransferRow): Promise<void> {
  const { vehicleId, ...rest } = row;
  await tx
    .insert(vehicleTransfers)
    .values({ vehicleId, ...rest })
    .onConflictDoUpdate({ target: vehicleTransfers.vehicleId, set: rest });
}

/** @returns false = it was not offered. */
export async function deleteTransfer(tx: Tx, vehicleId: string): Promise<boolean> {
  const gone = await tx
    .delete(vehicleTransfers)
    .where(eq(vehicleTransfers.vehicleId, vehicleId))
    .returning({ id: vehicleTransfers.vehicleId });
  return gone.length > 0;
}

/** Takes an offer, once: the vehicle of who made it, locked. As who runs the cloud. Null = none such, or over. */
export async function takeTransfer(tx: Tx, codeHash: Buffer, now: Date): Promise<VehicleRow | null> {
  const [offer] = await tx
    .delete(vehicleTransfers)
    .where(and(eq(vehicleTransfers.codeHash, codeHash), gt(vehicleTransfers.expiresAt, now)))
    .returning();
  return offer === undefined ? null : await lockOwnVehicle(tx, offer.userId, offer.vehicleId);
}

export type PlateStay = Pick<
  typeof stays.$inferSelect,
  "stayId" | "status" | "ticketNumber" | "entryAt" | "exitAt" | "vehicleType" | "feeMinor" | "feeCurrency"
>;

/** The latest stays of a plate at a facility that began since then, the newest first. */
export async function staysOfPlate(
  db: Db | Tx,
  facilityId: string,
  plate: string,
  { since, limit }: { readonly since: Date; readonly limit: number },
): Promise<readonly PlateStay[]> {
  return await db
    .select({
      stayId: stays.stayId,
      status: stays.status,
      ticketNumber: stays.ticketNumber,
      entryAt: stays.entryAt,
      exitAt: stays.exitAt,
      vehicleType: stays.vehicleType,
      feeMinor: stays.feeMinor,
      feeCurrency: stays.feeCurrency,
    })
    .from(stays)
    .where(and(eq(stays.facilityId, facilityId), gte(stays.entryAt, since), eq(stays.plate, plate)))
    .orderBy(desc(stays.entryAt))
    .limit(limit);
}
