import { and, desc, eq, gt, isNull, lt } from "drizzle-orm";
import { stillToCome, type RightsMove, type SlotRange } from "@parkme/shared/domain/capacity-rights";
import {
  freeOf,
  giveBack,
  isOversold,
  NO_RIGHTS,
  settleMove,
  type RightsMoved,
} from "@parkme/shared/domain/capacity-rights-cloud";
import type { EventPayload } from "@parkme/shared/protocol/sync";
import type { Tx } from "../db/connection.ts";
import { capacitySales, rightsTransfers } from "../db/sync-schema.ts";
import { appendDownlink, lockDownlink } from "../fleet/downlink.queries.ts";
import type { Effect } from "../fleet/effect.ts";
import { raiseIncident } from "../fleet/incidents.queries.ts";
import type { Edge } from "../fleet/queries.ts";
import { lockSlots, writeSlots } from "./books.queries.ts";

/**
 * Rights to spaces that move between an edge and us. Everything that writes them locks the facility's row first, then
 * the slots in the order of time.
 */

type Moved = EventPayload<"rights.given"> | EventPayload<"rights.taken">;
type EdgeName = Pick<Edge, "id" | "facilityId">;

/** What the edge told of rights. The kinds take effect in this order. */
export const RIGHTS_EFFECTS: {
  readonly [K in "rights.given" | "rights.taken" | "rights.wanted"]: Effect<K>;
} = {
  "rights.given": async (tx, edge, told, now) => {
    for (const { payload } of told) await settle(tx, edge, payload, "cloud", now);
  },
  "rights.taken": async (tx, edge, told, now) => {
    for (const { payload } of told) await settle(tx, edge, payload, "edge", now);
  },
  "rights.wanted": async (tx, edge, told, now) => {
    for (const { payload } of told) {
      const { request_id: id, class: name, from, until, amount } = payload;
      const range = { fromMs: Date.parse(from), untilMs: Date.parse(until) };
      await returnRights(tx, edge.facilityId, { id, class: name, ...range, amount }, now);
    }
  },
};

/** Books what the edge has done, once for each move. See settleMove. */
async function settle(tx: Tx, edge: EdgeName, told: Moved, to: "cloud" | "edge", now: Date): Promise<void> {
  const { facilityId } = edge;
  const range = { fromMs: Date.parse(told.from), untilMs: Date.parse(told.until) };
  const move: RightsMoved = { id: told.transfer_id, class: told.class, ...range, amount: told.amount, to };
  await lockDownlink(tx, facilityId);
  const its = and(eq(rightsTransfers.facilityId, facilityId), eq(rightsTransfers.id, move.id));
  const [row] = await tx.select().from(rightsTransfers).where(its);
  const known = row === undefined ? null : movedOf(row);
  // No edge of ours says the same move of two classes: the first word holds.
  if (known !== null && known.class !== move.class) return;

  const book = { facilityId, class: move.class };
  const slots = await lockSlots(tx, book, spanOf(move, known));
  const after = settleMove((slot) => slots.get(slot) ?? NO_RIGHTS, known, move);
  await writeSlots(tx, book, after);
  const values = rowOf(facilityId, move, now);
  await tx
    .insert(rightsTransfers)
    .values({ ...values, toldAt: now })
    .onConflictDoUpdate({
      target: [rightsTransfers.facilityId, rightsTransfers.id],
      set: {
        direction: values.direction,
        from: values.from,
        until: values.until,
        amount: values.amount,
        toldAt: now,
      },
    });
  const oversold = [...after].filter(([, slot]) => isOversold(slot)).map(([slot]) => slot);
  if (oversold.length > 0) await tellOversold(tx, edge, move.class, oversold, now);
}

function spanOf(move: RightsMoved, known: RightsMoved | null): SlotRange {
  if (known === null) return move;
  return { fromMs: Math.min(move.fromMs, known.fromMs), untilMs: Math.max(move.untilMs, known.untilMs) };
}

/**
 * Gives back to the edge what is unsold, at most `amount`, in one transaction: debited here, and an item of the
 * downlink by which the edge credits itself. Once for each id.
 *
 * @returns how many; 0 = nothing is free, the time is over, or it was done before.
 */
async function returnRights(tx: Tx, facilityId: string, wanted: RightsMove, now: Date): Promise<number> {
  const range = stillToCome(wanted, now.getTime());
  if (range === null) return 0;
  await lockDownlink(tx, facilityId);
  const its = and(eq(rightsTransfers.facilityId, facilityId), eq(rightsTransfers.id, wanted.id));
  if ((await tx.select({ id: rightsTransfers.id }).from(rightsTransfers).where(its)).length > 0) return 0;

  const book = { facilityId, class: wanted.class };
  const slots = await lockSlots(tx, book, range);
  const amount = Math.min(wanted.amount, ...[...slots.values()].map(freeOf));
  if (amount <= 0) return 0;
  await writeSlots(tx, book, new Map([...slots].map(([slot, its]) => [slot, giveBack(its, amount)])));
  const move = { ...wanted, ...range, amount, to: "edge" } as const;
  await tx.insert(rightsTransfers).values(rowOf(facilityId, move, now));
  const times = { from: new Date(move.fromMs).toISOString(), until: new Date(move.untilMs).toISOString() };
  const body = { transfer_id: move.id, class: move.class, ...times, amount };
  await appendDownlink(tx, facilityId, "rights_transfer", body, now);
  return amount;
}

const NAMED_SALES = 5;

/** Says which sales have no space: the newest are those that came too late. */
async function tellOversold(
  tx: Tx,
  { id: edgeId, facilityId }: EdgeName,
  name: string,
  slots: readonly number[],
  now: Date,
): Promise<void> {
  const [first, last] = [Math.min(...slots), Math.max(...slots)];
  const sales = await tx
    .select({ id: capacitySales.id })
    .from(capacitySales)
    .where(
      and(
        eq(capacitySales.facilityId, facilityId),
        eq(capacitySales.class, name),
        isNull(capacitySales.releasedAt),
        lt(capacitySales.from, new Date(last + 1)),
        gt(capacitySales.until, new Date(first)),
      ),
    )
    .orderBy(desc(capacitySales.soldAt), desc(capacitySales.id))
    .limit(NAMED_SALES);
  const when = `${new Date(first).toISOString()} (${slots.length} hours)`;
  const detail = `more of ${name} is sold from ${when} than the gate has given; the latest sales are ${sales.map(({ id }) => id).join(", ")}`;
  await raiseIncident(tx, { facilityId, edgeId, kind: "oversold", detail }, now);
}

type TransferRow = typeof rightsTransfers.$inferSelect;

function movedOf({ id, class: name, from, until, amount, direction }: TransferRow): RightsMoved {
  const to = direction === "to_edge" ? "edge" : "cloud";
  return { id, class: name, fromMs: from.getTime(), untilMs: until.getTime(), amount, to };
}

function rowOf(facilityId: string, { id, class: name, fromMs, untilMs, amount, to }: RightsMoved, at: Date) {
  const direction = to === "edge" ? ("to_edge" as const) : ("from_edge" as const);
  return {
    facilityId,
    id,
    direction,
    class: name,
    from: new Date(fromMs),
    until: new Date(untilMs),
    amount,
    at,
  };
}
