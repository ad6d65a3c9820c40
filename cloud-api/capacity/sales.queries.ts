import { and, eq, gt, gte, lte, sql } from "drizzle-orm";
import type { RightsMove, SlotRange } from "@parkme/shared/domain/capacity-rights";
import { freeOf, release, sell, type CloudSlot } from "@parkme/shared/domain/capacity-rights-cloud";
import type { Tx } from "../db/connection.ts";
import { capacitySales, rightsRequests } from "../db/sync-schema.ts";
import { appendDownlink, lockDownlink } from "../fleet/downlink.queries.ts";
import { lockSlots, writeSlots, type BookOf } from "./books.queries.ts";

/** Spaces of a class from `fromMs` to before `untilMs`, as a seller wants them. */
export type Sale = BookOf &
  SlotRange & { /** Minted by the seller. */ readonly saleId: string; readonly amount: number };

export type SaleOutcome =
  /** Now, or by the same call before. */
  | { readonly kind: "sold" }
  /** `free` in the slot that has fewest. */
  | { readonly kind: "not_enough"; readonly free: number }
  /** The id is of another sale, or of one that was released. */
  | { readonly kind: "id_reused" };

/** Sells rights that the cloud holds, in every slot or in none; once for each id. */
export async function sellRights(tx: Tx, sale: Sale, now: Date): Promise<SaleOutcome> {
  const { facilityId, saleId, amount, class: name } = sale;
  await lockDownlink(tx, facilityId);
  const [before] = await tx.select().from(capacitySales).where(isSale(facilityId, saleId));
  if (before !== undefined) return { kind: isSame(before, sale) ? "sold" : "id_reused" };
  const slots = await lockSlots(tx, sale, sale);
  const after = new Map<number, CloudSlot>();
  for (const [slot, its] of slots) {
    const sold = sell(its, amount);
    if (sold !== null) after.set(slot, sold);
  }
  if (after.size < slots.size)
    return { kind: "not_enough", free: Math.min(...[...slots.values()].map(freeOf)) };
  await writeSlots(tx, sale, after);
  const [from, until] = [new Date(sale.fromMs), new Date(sale.untilMs)];
  await tx
    .insert(capacitySales)
    .values({ facilityId, id: saleId, class: name, from, until, amount, soldAt: now });
  return { kind: "sold" };
}

/** Undoes a sale, once. @returns false = there is none of this id. */
export async function releaseRights(
  tx: Tx,
  { facilityId, saleId }: { readonly facilityId: string; readonly saleId: string },
  now: Date,
): Promise<boolean> {
  await lockDownlink(tx, facilityId);
  const [sale] = await tx.select().from(capacitySales).where(isSale(facilityId, saleId));
  if (sale === undefined) return false;
  if (sale.releasedAt !== null) return true;
  const book = { facilityId, class: sale.class };
  const slots = await lockSlots(tx, book, { fromMs: sale.from.getTime(), untilMs: sale.until.getTime() });
  await writeSlots(tx, book, new Map([...slots].map(([slot, its]) => [slot, release(its, sale.amount)])));
  await tx.update(capacitySales).set({ releasedAt: now }).where(isSale(facilityId, saleId));
  return true;
}

/** How long an edge has to hear of a request: whoever wanted to book has gone by then. */
const REQUEST_LASTS_MS = 2 * 60_000;

/**
 * Asks the edge to give more rights. What is asked for and not over is not asked for again.
 *
 * @returns the request that is open now.
 */
export async function askForRights(
  tx: Tx,
  request: BookOf & RightsMove,
  now: Date,
): Promise<{ readonly requestId: string; readonly expiresAt: Date }> {
  const { facilityId, id, class: name, amount } = request;
  await lockDownlink(tx, facilityId);
  const [from, until] = [new Date(request.fromMs), new Date(request.untilMs)];
  const [open] = await tx
    .select()
    .from(rightsRequests)
    .where(
      and(
        eq(rightsRequests.facilityId, facilityId),
        eq(rightsRequests.class, name),
        gt(rightsRequests.expiresAt, now),
        lte(rightsRequests.from, from),
        gte(rightsRequests.until, until),
        gte(rightsRequests.amount, amount),
        // What was answered has come: that was not enough.
        sql`not exists (select from rights_transfers t where t.facility_id = ${rightsRequests.facilityId} and t.id = ${rightsRequests.id})`,
      ),
    )
    .limit(1);
  if (open !== undefined) return { requestId: open.id, expiresAt: open.expiresAt };
  const expiresAt = new Date(now.getTime() + REQUEST_LASTS_MS);
  await tx
    .insert(rightsRequests)
    .values({ facilityId, id, class: name, from, until, amount, askedAt: now, expiresAt });
  const times = { from: from.toISOString(), until: until.toISOString(), expires_at: expiresAt.toISOString() };
  await appendDownlink(
    tx,
    facilityId,
    "rights_request",
    { request_id: id, class: name, amount, ...times },
    now,
  );
  return { requestId: id, expiresAt };
}

function isSale(facilityId: string, saleId: string) {
  return and(eq(capacitySales.facilityId, facilityId), eq(capacitySales.id, saleId));
}

function isSame(row: typeof capacitySales.$inferSelect, sale: Sale): boolean {
  const { class: name, from, until, amount, releasedAt } = row;
  const same = name === sale.class && amount === sale.amount;
  return same && from.getTime() === sale.fromMs && until.getTime() === sale.untilMs && releasedAt === null;
}
