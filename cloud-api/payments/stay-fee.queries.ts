import { and, asc, eq, gte, isNull, notInArray, or, sql } from "drizzle-orm";
import type { Db, Tx } from "../db/connection.ts";
import { payments, remotePayments, stays, validations } from "../db/schema.ts";
import { providerPayments } from "../db/money-schema.ts";

export type StayRow = typeof stays.$inferSelect;
type StayKey = { readonly facilityId: string; readonly stayId: string };

export async function findStay(tx: Db | Tx, { facilityId, stayId }: StayKey): Promise<StayRow | null> {
  const [row] = await tx
    .select()
    .from(stays)
    .where(and(eq(stays.facilityId, facilityId), eq(stays.stayId, stayId)));
  return row ?? null;
}

/**
 * The open stay with this ticket and this plate. Whoever knows both stands before the vehicle, or was in it.
 *
 * @param since how far back is looked: older stays are for a person at the gate.
 */
export async function findStayByTicket(
  tx: Db | Tx,
  ticket: { readonly facilityId: string; readonly ticketNumber: string; readonly plate: string },
  since: Date,
): Promise<StayRow | null> {
  const { facilityId, ticketNumber, plate } = ticket;
  const rows = await tx
    .select()
    .from(stays)
    .where(
      and(
        eq(stays.facilityId, facilityId),
        gte(stays.entryAt, since),
        eq(stays.ticketNumber, ticketNumber),
        eq(stays.plate, plate),
        eq(stays.status, "open"),
      ),
    )
    .limit(1);
  return rows[0] ?? null;
}

/** Merchants' discounts on a stay, in the order in which they were given; values are JSON text. */
export async function validationsOf(
  tx: Db | Tx,
  { facilityId, stayId }: StayKey,
): Promise<readonly { readonly name: string; readonly value: string }[]> {
  return await tx
    .select({ name: validations.name, value: validations.value })
    .from(validations)
    .where(and(eq(validations.facilityId, facilityId), eq(validations.stayId, stayId)))
    .orderBy(asc(validations.at), asc(validations.validationId));
}

/**
 * What was paid for a stay in other ways than our payments: at the gate, and in programs that begin payments themselves. What
 * we told the gate of comes back from it under its reference.
 *
 * @returns minor units.
 */
export async function paidElsewhere(tx: Db | Tx, { facilityId, stayId }: StayKey): Promise<number> {
  const ours = tx
    .select({ reference: sql<string>`coalesce(${providerPayments.charge}, ${providerPayments.reference})` })
    .from(providerPayments)
    .where(
      and(
        eq(providerPayments.facilityId, facilityId),
        eq(providerPayments.purpose, "stay"),
        eq(providerPayments.subjectId, stayId),
        eq(providerPayments.status, "captured"),
      ),
    );
  const taken = await tx
    .select({ reference: payments.reference, amountMinor: payments.amountMinor })
    .from(payments)
    .where(
      and(
        eq(payments.facilityId, facilityId),
        eq(payments.stayId, stayId),
        or(isNull(payments.reference), notInArray(payments.reference, ours)),
      ),
    );
  const told = await tx
    .select({ reference: remotePayments.reference, amountMinor: remotePayments.amountMinor })
    .from(remotePayments)
    .where(
      and(
        eq(remotePayments.facilityId, facilityId),
        eq(remotePayments.stayId, stayId),
        eq(remotePayments.status, "captured"),
        notInArray(remotePayments.reference, ours),
      ),
    );
  // What was told and came back counts once.
  const back = new Set(taken.map(({ reference }) => reference));
  const all = [...taken, ...told.filter(({ reference }) => !back.has(reference))];
  return all.reduce((sum, { amountMinor }) => sum + amountMinor, 0);
}
