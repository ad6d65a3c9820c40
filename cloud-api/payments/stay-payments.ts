import { NO_CURRENCY } from "@parkme/shared/domain/money";
import type { Result } from "@parkme/shared/domain/result";
import type { Validation } from "@parkme/shared/pricing/quote-model";
import { eventPayloads } from "@parkme/shared/protocol/sync";
import type { Db, Tx } from "../db/connection.ts";
import { refuse } from "../platform/refusal.ts";
import type { Owed, PurposeEffects } from "./effects.ts";
import { findPayment } from "./payments.queries.ts";
import { bookStayPayment } from "./queries.ts";
import { findStay, paidElsewhere, validationsOf, type StayRow } from "./stay-fee.queries.ts";

/** Prices stays as the gate does: see pricing/estimate.ts. */
export type PriceStay = (
  facilityId: string,
  stay: {
    readonly fromMs: number;
    readonly untilMs: number;
    readonly vehicleType: string;
    readonly ev: boolean;
    readonly accessible: boolean;
    readonly lostTicket: "no" | "proven" | "unproven";
    readonly validations: readonly Validation[];
  },
) => Promise<
  Result<
    { readonly totalMinor: number; readonly currency: string },
    { readonly code: string; readonly message: string }
  >
>;

/**
 * Payments for stays that are open at a gate: what the stay costs until now, less what was paid at the gate. The gate is
 * told of the money, and lets the vehicle out; how long one has to leave is the gate's tariff.
 */
export function stayPayments(price: PriceStay): PurposeEffects {
  return {
    owed: async (tx, { facilityId, subjectId }, now) => {
      const stay = await findStay(tx, { facilityId, stayId: subjectId });
      return stay === null ? null : await owedFor(tx, price, stay, now);
    },
    captured: async (tx, fact, now) => {
      const { facilityId, subjectId: stayId, paymentId, provider, method, amountMinor, currency } = fact;
      const payment = await findPayment(tx, paymentId);
      const reference = payment?.charge ?? payment?.reference ?? paymentId;
      const told = { reference, status: "captured", method: method === "upi" ? "upi" : "online" } as const;
      await bookStayPayment(
        tx,
        provider,
        { ...told, facilityId, stayId, amountMinor, currency },
        paymentId,
        now,
      );
      // Whether it was still needed is the gate's to say: it knows what left, and its reconciliation shows what was too much.
      return "booked";
    },
    // The gate is not told of money that goes back: it is given back for stays that have left.
    refunded: async () => undefined,
  };
}

/** @throws a refusal where there is no price: never a price of nothing. */
async function owedFor(tx: Db | Tx, price: PriceStay, stay: StayRow, now: Date): Promise<Owed> {
  const { facilityId, stayId, entryAt, status, feeCurrency } = stay;
  if (status !== "open" || entryAt === null)
    return { userId: null, amountMinor: 0, currency: feeCurrency ?? NO_CURRENCY };
  // Only the gate knows what is left of a pass, and which time a booking has paid for.
  if (stay.rightKind !== null)
    return refuse(
      409,
      "priced_at_the_gate",
      "the stay is under a permit or a booking: the gate has its price",
    );
  const { vehicleType, ev, accessible, lostTicket } = stay;
  const priced = await price(facilityId, {
    vehicleType,
    ev,
    accessible,
    lostTicket,
    fromMs: entryAt.getTime(),
    untilMs: Math.max(now.getTime(), entryAt.getTime()),
    validations: (await validationsOf(tx, stay)).flatMap(readValidation),
  });
  if (!priced.ok) return refuse(409, priced.error.code, priced.error.message);
  const { totalMinor, currency } = priced.value;
  const paid = await paidElsewhere(tx, { facilityId, stayId });
  return { userId: null, amountMinor: Math.max(0, totalMinor - paid), currency };
}

function readValidation({ name, value }: { readonly name: string; readonly value: string }): Validation[] {
  const read = eventPayloads["validation.given"].shape.value.safeParse(parseJson(value));
  return read.success ? [{ name, value: read.data }] : [];
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
