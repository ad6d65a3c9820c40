import { randomUUID } from "node:crypto";
import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { runsFacility, type Principal } from "../accounts/principal.ts";
import { writeAudit } from "../audit/entries.queries.ts";
import type { Tx } from "../db/connection.ts";
import type { AppEnv } from "../http.ts";
import type { Api } from "../platform/api.ts";
import { amount, decimal, id, minorOf, words } from "../platform/fields.ts";
import { notFound, refuse } from "../platform/refusal.ts";
import type { PaymentDeps } from "./ask-provider.ts";
import { facilityOf, findPayment, lockPayment, type PaymentRow } from "./payments.queries.ts";
import { ProviderError } from "./providers/contract.ts";
import { askForRefund } from "./refunding.ts";
import { addRefund, refundsOf, type RefundRow } from "./refunds.queries.ts";
import { idOfKey, refundableMinor } from "./rules.ts";
import { findStay } from "./stay-fee.queries.ts";
import { refundSchema, refundView } from "./views.ts";

const byId = z.object({ id });

export function refundCalls(api: Api, deps: PaymentDeps): void {
  api.bare(
    {
      method: "post",
      path: "/api/payments/{id}/refunds/",
      tag: "payments",
      summary: "Gives money back, all that is left of a payment or a part of it",
      description:
        "`asked` = the provider has not answered: it is asked again by itself. Money for a stay is given back when the vehicle has left.",
      access: ["admin", "owner", "staff"],
      params: byId,
      body: z.strictObject({ amount: amount.optional(), reason: words(200) }),
      status: 201,
      answer: refundSchema,
      idempotent: true,
    },
    async ({ c, params, body, principal, now }) => {
      const row = await findPayment(deps.db, params.id);
      if (row === null || !runsFacility(principal, row.facilityId)) return notFound("payment");
      await refuseForStay(deps, row);
      const wanted = body.amount === undefined ? null : minorOf(body.amount, row.currency, "amount");
      const wish = { refundId: idFor(c, principal, row), wanted, reason: body.reason };
      const { payment, refund, again } = await deps.db.transaction(
        async (tx) => await add(tx, { c, principal, row, now }, wish),
      );
      return refundView(await askNow(deps, payment, refund, again));
    },
  );

  api.call(
    {
      method: "get",
      path: "/api/payments/{id}/refunds/",
      tag: "payments",
      summary: "What was given back of a payment",
      access: ["admin", "owner", "staff", "driver"],
      keyScope: "payments:read",
      params: byId,
      answer: z.array(refundSchema),
    },
    async ({ tx, params }) => {
      const payment = await findPayment(tx, params.id);
      if (payment === null) return notFound("payment");
      return (await refundsOf(tx, payment.facilityId, payment.id)).map(refundView);
    },
  );
}

function idFor(c: Context<AppEnv>, principal: Principal, { id: paymentId }: PaymentRow): string {
  const key = c.req.header("idempotency-key");
  if (key === undefined) return randomUUID();
  if (!/^[\x21-\x7e]{1,200}$/.test(key))
    return refuse(400, "invalid", "must be 1..200 characters without blanks", "Idempotency-Key");
  return idOfKey("refund", `${principal.actorId} ${paymentId}`, key);
}

/** The gate lets a vehicle out by what it was told was paid: that is not taken away behind its back. */
async function refuseForStay(
  { db }: PaymentDeps,
  { purpose, facilityId, subjectId }: PaymentRow,
): Promise<void> {
  if (purpose !== "stay") return;
  const stay = await findStay(db, { facilityId, stayId: subjectId });
  if (stay?.status === "open" || stay?.status === "provisional")
    refuse(409, "stay_open", "the vehicle is still inside: the gate counts on this money");
}

async function add(
  tx: Tx,
  by: {
    readonly c: Context<AppEnv>;
    readonly principal: Principal;
    readonly row: PaymentRow;
    readonly now: Date;
  },
  wish: { readonly refundId: string; readonly wanted: number | null; readonly reason: string },
): Promise<{ readonly payment: PaymentRow; readonly refund: RefundRow; readonly again: boolean }> {
  const { c, principal, now } = by;
  const { refundId, wanted, reason } = wish;
  const { facilityId, id: paymentId, currency } = by.row;
  const payment = await lockPayment(tx, { facilityId, paymentId });
  if (payment?.status !== "captured") return refuse(409, "not_captured", "nothing was paid with it");
  const refunds = await refundsOf(tx, facilityId, paymentId);
  const before = refunds.find((refund) => refund.id === refundId);
  if (before !== undefined) {
    if (before.reason === reason && (wanted === null || wanted === before.amountMinor))
      return { payment, refund: before, again: true };
    return refuse(422, "idempotency_key_reused", "this key was used for another request", "Idempotency-Key");
  }
  const left = refundableMinor(payment.capturedMinor, refunds);
  const amountMinor = wanted ?? left;
  if (amountMinor <= 0 || amountMinor > left) {
    const refundable = decimal(Math.max(0, left), currency);
    return refuse(409, "too_much", `at most ${refundable} ${currency} can be given back`, "amount", {
      refundable,
    });
  }
  const actor = principal.name;
  const pollAt = new Date(now.getTime() + 30_000);
  const row = { facilityId, id: refundId, paymentId, amountMinor, currency, reason, actor, pollAt };
  const refund = await addRefund(tx, { ...row, status: "asked", madeAt: now, changedAt: now });
  const facility = await facilityOf(tx, facilityId);
  await writeAudit(
    tx,
    { principal, now, requestId: c.get("requestId") },
    {
      action: "payment.refund_asked",
      subject: `payment:${paymentId}`,
      ...(facility === null ? {} : { organisationId: facility.organisationId }),
      facilityId,
      detail: { refund: refundId, amount_minor: amountMinor, currency, reason },
    },
  );
  return { payment, refund, again: false };
}

async function askNow(
  deps: PaymentDeps,
  payment: PaymentRow,
  refund: RefundRow,
  again: boolean,
): Promise<RefundRow> {
  if (refund.status === "done") return refund;
  let after = refund;
  try {
    if (refund.status !== "failed") after = await askForRefund(deps, payment, refund, again);
  } catch (error) {
    // The job asks again.
    if (!(error instanceof ProviderError)) throw error;
    return refund;
  }
  if (after.status !== "failed") return after;
  return refuse(409, "provider_refused", "the provider did not give it back", undefined, {
    refund_id: refund.id,
  });
}
