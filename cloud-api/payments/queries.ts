import { and, asc, eq, isNotNull, isNull, sql } from "drizzle-orm";
import type { Db, Tx } from "../db/connection.ts";
import { facilities, providerEvents, remotePayments } from "../db/schema.ts";
import { appendDownlink, lockDownlink } from "../fleet/downlink.queries.ts";
import type { ProviderPayment } from "./provider-event.ts";

export type EventOutcome = "applied" | "ignored" | "unmatched";

/** Keeps what a provider told. @returns false where this event is here already: it took effect with its row. */
export async function keepEvent(
  tx: Tx,
  provider: string,
  { eventId, kind, payload }: { readonly eventId: string; readonly kind: string; readonly payload: unknown },
  now: Date,
): Promise<boolean> {
  const row = { provider, eventId, kind, receivedAt: now, outcome: "ignored", payload } as const;
  const kept = await tx
    .insert(providerEvents)
    .values(row)
    .onConflictDoNothing()
    .returning({ eventId: providerEvents.eventId });
  return kept.length > 0;
}

/** What became of it. */
export async function markEvent(
  tx: Tx,
  provider: string,
  eventId: string,
  change: { readonly outcome: EventOutcome; readonly facilityId: string | null },
): Promise<void> {
  await tx
    .update(providerEvents)
    .set(change)
    .where(and(eq(providerEvents.provider, provider), eq(providerEvents.eventId, eventId)));
}

/**
 * The facility is ours, and its money is of this currency. Whether the stay is its edge's to say: an edge that is away
 * has stays that we have not heard of.
 */
export async function isOurs(tx: Tx, { facilityId, currency }: ProviderPayment): Promise<boolean> {
  const found = await tx
    .select({ currency: facilities.currency })
    .from(facilities)
    .where(eq(facilities.id, facilityId));
  return found[0]?.currency === currency;
}

/**
 * What a provider says of a payment for a stay. Words of one payment may come in any order, each any number of times: its
 * status only goes forward, and the edge is told once, when the money is captured. The facility's row is locked first:
 * what is read of the payment holds until its item of the downlink is committed.
 *
 * @param paymentId of a payment that was not seen before.
 */
export async function bookStayPayment(
  tx: Tx,
  provider: string,
  { facilityId, stayId, reference, status, method, amountMinor, currency }: ProviderPayment,
  paymentId: string,
  now: Date,
): Promise<void> {
  await lockDownlink(tx, facilityId);
  const row = { facilityId, paymentId, provider, reference, stayId, method, amountMinor, currency };
  const before = await tx
    .select({ status: remotePayments.status })
    .from(remotePayments)
    .where(
      and(
        eq(remotePayments.facilityId, facilityId),
        eq(remotePayments.provider, provider),
        eq(remotePayments.reference, reference),
      ),
    );
  const captured = status === "captured" && before[0]?.status !== "captured";
  const [written] = await tx
    .insert(remotePayments)
    .values({ ...row, status, updatedAt: now, capturedAt: captured ? now : null })
    .onConflictDoUpdate({
      target: [remotePayments.facilityId, remotePayments.provider, remotePayments.reference],
      set: {
        status: sql`greatest(${remotePayments.status}, excluded.status)`,
        updatedAt: now,
        // What was captured is what counts, should an earlier event have spoken of another amount.
        ...(captured ? { capturedAt: now, amountMinor, currency } : {}),
      },
    })
    .returning();
  if (captured && written !== undefined) await tellEdge(tx, written, now);
}

type PaymentRow = typeof remotePayments.$inferSelect;

/** Puts a captured payment into the downlink of its facility. */
async function tellEdge(tx: Tx, row: PaymentRow, now: Date): Promise<void> {
  const { facilityId, paymentId } = row;
  const item = await appendDownlink(
    tx,
    facilityId,
    "payment",
    {
      payment_id: paymentId,
      stay_id: row.stayId,
      method: row.method,
      amount_minor: row.amountMinor,
      currency: row.currency,
      reference: row.reference,
      captured_at: (row.capturedAt ?? now).toISOString(),
    },
    now,
  );
  await tx
    .update(remotePayments)
    .set({ downlinkSeq: item.seq })
    .where(and(eq(remotePayments.facilityId, facilityId), eq(remotePayments.paymentId, paymentId)));
}

/**
 * Payments that were captured before there was a downlink get into it, in their order, once: edges take what they
 * have booked already without effect.
 *
 * @returns how many those were.
 */
export async function tellPaymentsOfBefore(db: Db, now: Date): Promise<number> {
  const untold = and(isNotNull(remotePayments.feedSeq), isNull(remotePayments.downlinkSeq));
  const places = await db
    .selectDistinct({ facilityId: remotePayments.facilityId })
    .from(remotePayments)
    .where(untold);
  let told = 0;
  for (const { facilityId } of places) {
    told += await db.transaction(async (tx) => {
      await lockDownlink(tx, facilityId);
      const rows = await tx
        .select()
        .from(remotePayments)
        .where(and(eq(remotePayments.facilityId, facilityId), untold))
        .orderBy(asc(remotePayments.feedSeq));
      for (const row of rows) await tellEdge(tx, row, now);
      return rows.length;
    });
  }
  return told;
}
