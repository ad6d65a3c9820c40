import { and, asc, eq, gt, sql } from "drizzle-orm";
import { MAX_REMOTE_PAYMENTS, type RemotePayment } from "@parkme/shared/protocol/remote-payments";
import type { Db, Tx } from "../db/connection.ts";
import { facilities, providerEvents, remotePayments } from "../db/schema.ts";
import type { ProviderEvent, ProviderPayment } from "./provider-event.ts";

export type EventOutcome = "applied" | "ignored" | "unmatched" | "duplicate";

/**
 * Applies what a provider tells, once: the event's row and what it means commit together. Events of one payment may
 * come in any order, each any number of times: its status only goes forward, and the edge is told once, when the money
 * is captured.
 *
 * @param mintId of a payment not seen before.
 */
export async function applyProviderEvent(
  db: Db,
  provider: string,
  event: ProviderEvent,
  mintId: () => string,
  now: Date,
): Promise<EventOutcome> {
  return await db.transaction(async (tx) => {
    const { payment } = event;
    const matched = payment !== null && (await isOurs(tx, payment));
    const outcome = payment === null ? "ignored" : matched ? "applied" : "unmatched";
    const inserted = await tx
      .insert(providerEvents)
      .values({
        provider,
        eventId: event.eventId,
        facilityId: matched ? payment.facilityId : null,
        kind: event.kind,
        receivedAt: now,
        outcome,
        payload: event.payload,
      })
      .onConflictDoNothing()
      .returning({ eventId: providerEvents.eventId });
    if (inserted.length === 0) return "duplicate";
    if (matched) await advance(tx, provider, payment, mintId(), now);
    return outcome;
  });
}

/**
 * The facility is ours, and its money is of this currency. Whether the stay is its edge's to say: an edge that is away
 * has stays that we have not heard of.
 */
async function isOurs(tx: Tx, { facilityId, currency }: ProviderPayment): Promise<boolean> {
  const found = await tx
    .select({ currency: facilities.currency })
    .from(facilities)
    .where(eq(facilities.id, facilityId));
  return found[0]?.currency === currency;
}

/** The facility's row is locked first, so that its feed is in the order of commits: an edge that read up to a number has missed none. */
async function advance(
  tx: Tx,
  provider: string,
  { facilityId, stayId, reference, status, method, amountMinor, currency }: ProviderPayment,
  paymentId: string,
  now: Date,
): Promise<void> {
  const locked = await tx
    .select({ seq: facilities.remotePaymentSeq })
    .from(facilities)
    .where(eq(facilities.id, facilityId))
    .for("update");
  const next = (locked[0]?.seq ?? 0) + 1;
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
  const feed = captured ? { capturedAt: now, feedSeq: next } : {};
  await tx
    .insert(remotePayments)
    .values({ ...row, status, updatedAt: now, ...feed })
    .onConflictDoUpdate({
      target: [remotePayments.facilityId, remotePayments.provider, remotePayments.reference],
      set: {
        status: sql`greatest(${remotePayments.status}, excluded.status)`,
        updatedAt: now,
        // What was captured is what counts, should an earlier event have spoken of another amount.
        ...(captured ? { ...feed, amountMinor, currency } : {}),
      },
    });
  if (captured)
    await tx.update(facilities).set({ remotePaymentSeq: next }).where(eq(facilities.id, facilityId));
}

/** Captured payments of a facility after a sequence number, in their order. */
export async function readFeed(db: Db, facilityId: string, after: number): Promise<RemotePayment[]> {
  const rows = await db
    .select()
    .from(remotePayments)
    .where(and(eq(remotePayments.facilityId, facilityId), gt(remotePayments.feedSeq, after)))
    .orderBy(asc(remotePayments.feedSeq))
    .limit(MAX_REMOTE_PAYMENTS);
  return rows.flatMap(({ feedSeq, capturedAt, ...row }) =>
    feedSeq === null || capturedAt === null
      ? []
      : [
          {
            seq: feedSeq,
            payment_id: row.paymentId,
            stay_id: row.stayId,
            method: row.method,
            amount_minor: row.amountMinor,
            currency: row.currency,
            reference: row.reference,
            captured_at: capturedAt.toISOString(),
          },
        ],
  );
}
