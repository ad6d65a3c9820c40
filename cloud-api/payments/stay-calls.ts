import { z } from "@hono/zod-openapi";
import type { Api } from "../platform/api.ts";
import { amountText, currency, decimal, id, instantText, iso, isoOrNull, plate } from "../platform/fields.ts";
import { notFound } from "../platform/refusal.ts";
import type { PaymentDeps } from "./ask-provider.ts";
import { openPayment } from "./opening.ts";
import { netPaid } from "./payments.queries.ts";
import { PAYMENT_METHODS } from "./providers/contract.ts";
import { findStayByTicket } from "./stay-fee.queries.ts";
import { begunPaymentSchema, paymentView } from "./views.ts";

/**
 * Paying for a ticket without an account: whoever has the ticket's number and the vehicle's plate may pay for the stay, and
 * learns nothing of it but since when it is and what it costs. A wrong plate is answered as a ticket that does not exist;
 * guesses are limited as all requests of somebody who is not signed in.
 */

const ticketBody = {
  ticket_number: z
    .string()
    .max(20)
    .trim()
    .toUpperCase()
    .regex(/^PKM-[0-9A-Z]{8}$/, "must be a ticket's number, such as PKM-A3F7B2C1"),
  plate,
};
const byFacility = z.object({ facilityId: id });
/** Older stays are for a person at the gate. */
const OLDEST_MS = 60 * 86_400_000;

export function stayCalls(api: Api, deps: PaymentDeps): void {
  dueCall(api, deps);
  payCall(api, deps);
}

type Ticket = { readonly ticket_number: string; readonly plate: string };

/** What is to pay for, and what it costs. */
async function owedFor({ db, effects }: PaymentDeps, facilityId: string, ticket: Ticket, now: Date) {
  const asked = { facilityId, ticketNumber: ticket.ticket_number, plate: ticket.plate };
  const stay = await findStayByTicket(db, asked, new Date(now.getTime() - OLDEST_MS));
  if (stay === null) return notFound("stay");
  const subject = { facilityId, purpose: "stay", subjectId: stay.stayId } as const;
  const owed = (await effects.stay.owed(db, subject, now)) ?? notFound("stay");
  return { stay, subject, owed };
}

function dueCall(api: Api, deps: PaymentDeps): void {
  api.bare(
    {
      method: "post",
      path: "/api/facilities/{facilityId}/stays/due/",
      tag: "payments",
      summary: "What an open stay costs until now, by its ticket and its plate",
      access: "anyone",
      params: byFacility,
      body: z.strictObject(ticketBody),
      answer: z.object({
        entry_at: instantText.nullable(),
        price: amountText,
        paid: amountText,
        due: amountText,
        currency,
        at: instantText,
      }),
    },
    async ({ params, body, now }) => {
      const { stay, subject, owed } = await owedFor(deps, params.facilityId, body, now);
      const paid = await netPaid(deps.db, subject);
      return {
        entry_at: isoOrNull(stay.entryAt),
        price: decimal(owed.amountMinor, owed.currency),
        paid: decimal(paid, owed.currency),
        due: decimal(Math.max(0, owed.amountMinor - paid), owed.currency),
        currency: owed.currency,
        at: iso(now),
      };
    },
  );
}

function payCall(api: Api, deps: PaymentDeps): void {
  api.bare(
    {
      method: "post",
      path: "/api/facilities/{facilityId}/stays/pay/",
      tag: "payments",
      summary: "Begins a payment for an open stay, by its ticket and its plate",
      access: "anyone",
      params: byFacility,
      body: z.strictObject({
        ...ticketBody,
        provider: z.string().min(1).max(30),
        method: z.enum(PAYMENT_METHODS).optional(),
      }),
      status: 201,
      answer: begunPaymentSchema,
      idempotent: true,
    },
    async ({ c, params, body, principal, now }) => {
      const { subject, owed } = await owedFor(deps, params.facilityId, body, now);
      const wish = { provider: body.provider, method: body.method, manualCapture: false };
      const { payment, client } = await openPayment(deps, { c, principal, subject, owed, wish, now });
      return { ...paymentView(payment), client };
    },
  );
}
