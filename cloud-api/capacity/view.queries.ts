import { and, asc, eq, gt, isNull, lt, sql } from "drizzle-orm";
import type { SlotRange } from "@parkme/shared/domain/capacity-rights";
import { freeOf } from "@parkme/shared/domain/capacity-rights-cloud";
import type { Db } from "../db/connection.ts";
import { capacitySales, rightsRequests, rightsTransfers } from "../db/sync-schema.ts";
import { readSlots, type BookOf } from "./books.queries.ts";
import type { CapacityView } from "./contract.ts";

/** More sales of one class and month are not shown. */
const MAX_SALES = 500;

/** The book of one class, as it is now. */
export async function readCapacity(db: Db, book: BookOf, range: SlotRange, now: Date): Promise<CapacityView> {
  const { facilityId, class: name } = book;
  const [from, until] = [new Date(range.fromMs), new Date(range.untilMs)];
  const slots = await readSlots(db, book, range);
  const underWay = await db
    .select({ from: rightsTransfers.from, until: rightsTransfers.until, amount: rightsTransfers.amount })
    .from(rightsTransfers)
    .where(
      and(
        eq(rightsTransfers.facilityId, facilityId),
        eq(rightsTransfers.class, name),
        isNull(rightsTransfers.toldAt),
        gt(rightsTransfers.until, from),
        lt(rightsTransfers.from, until),
      ),
    );
  const sales = await db
    .select()
    .from(capacitySales)
    .where(
      and(
        eq(capacitySales.facilityId, facilityId),
        eq(capacitySales.class, name),
        isNull(capacitySales.releasedAt),
        gt(capacitySales.until, from),
        lt(capacitySales.from, until),
      ),
    )
    .orderBy(asc(capacitySales.soldAt), asc(capacitySales.id))
    .limit(MAX_SALES);
  const requests = await db
    .select()
    .from(rightsRequests)
    .where(
      and(
        eq(rightsRequests.facilityId, facilityId),
        eq(rightsRequests.class, name),
        gt(rightsRequests.expiresAt, now),
        sql`not exists (select from rights_transfers t where t.facility_id = ${rightsRequests.facilityId} and t.id = ${rightsRequests.id})`,
      ),
    )
    .orderBy(asc(rightsRequests.askedAt));
  return {
    class: name,
    slots: [...slots].map(([slot, its]) => {
      const onWay = underWay
        .filter((move) => move.from.getTime() <= slot && slot < move.until.getTime())
        .reduce((sum, { amount }) => sum + amount, 0);
      const { held, sold, owed } = its;
      const given = held - owed + onWay;
      const at = new Date(slot).toISOString();
      return { slot: at, edge_given: given, held, sold, free: freeOf(its), owed, under_way: onWay };
    }),
    sales: sales.map(({ id, soldAt, ...sale }) => ({
      sale_id: id,
      class: sale.class,
      from: sale.from.toISOString(),
      until: sale.until.toISOString(),
      amount: sale.amount,
      sold_at: soldAt.toISOString(),
    })),
    requests: requests.map((request) => ({
      request_id: request.id,
      from: request.from.toISOString(),
      until: request.until.toISOString(),
      amount: request.amount,
      expires_at: request.expiresAt.toISOString(),
    })),
  };
}
