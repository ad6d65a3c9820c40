import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { Principal } from "../accounts/principal.ts";
import { writeAudit } from "../audit/entries.queries.ts";
import type { AppEnv } from "../http.ts";
import type { Api } from "../platform/api.ts";
import { amount, id, minorOf } from "../platform/fields.ts";
import { refuse } from "../platform/refusal.ts";
import { askProvider, findProvider, knownOrderOf, type PaymentDeps } from "./ask-provider.ts";
import { cancelPayment, settleAndTell, type Told } from "./beginning.ts";
import { refuseAway } from "./opening.ts";
import { ownPayment } from "./own-payment.ts";
import { facilityOf, type PaymentRow } from "./payments.queries.ts";
import { ProviderError, type KnownOrder, type PaymentState, type Provider } from "./providers/contract.ts";
import { isOpen } from "./rules.ts";
import { begunPaymentSchema, paymentSchema, paymentView } from "./views.ts";

/** What is done with a payment that was begun. */
export function paymentActCalls(api: Api, deps: PaymentDeps): void {
  confirmCall(api, deps);
  captureCall(api, deps);
  cancelCall(api, deps);
}

const byId = z.object({ id });
type By = { readonly c: Context<AppEnv>; readonly principal: Principal | null; readonly now: Date };

function confirmCall(api: Api, deps: PaymentDeps): void {
  api.bare(
    {
      method: "post",
      path: "/api/payments/{id}/confirm/",
      tag: "payments",
      summary: "The payer says that it is paid: the provider is asked at once",
      description:
        "`proof` is what the provider's checkout handed to the payer's program. Of UPI without a gateway, people of the facility confirm by the bank's `utr`.",
      access: "anyone",
      params: byId,
      body: z.strictObject({ proof: z.record(z.string().max(60), z.string().max(500)).default({}) }),
      answer: begunPaymentSchema,
    },
    async ({ params, body, ...by }) => {
      noKeys(by.principal);
      const row = await ownPayment(deps, by.principal, params.id);
      const byStaff = by.principal !== null && by.principal.role !== "driver";
      if (row.status === "captured") return { ...paymentView(row), client: null };
      const { payment, client } = await ask(
        deps,
        row,
        async (provider, order) => await provider.confirm(order, body.proof, byStaff),
      );
      if (byStaff && payment.status === "captured") await note(deps, by, "payment.confirmed", payment);
      return { ...paymentView(payment), client };
    },
  );
}

function captureCall(api: Api, deps: PaymentDeps): void {
  api.bare(
    {
      method: "post",
      path: "/api/payments/{id}/capture/",
      tag: "payments",
      summary: "Takes reserved money, or less of it",
      access: ["admin", "owner", "staff"],
      params: byId,
      body: z.strictObject({ amount: amount.optional() }),
      answer: paymentSchema,
    },
    async ({ params, body, ...by }) => {
      const row = await ownPayment(deps, by.principal, params.id);
      const { currency, amountMinor } = row;
      const wanted = body.amount === undefined ? amountMinor : minorOf(body.amount, currency, "amount");
      if (wanted <= 0 || wanted > amountMinor)
        return refuse(409, "too_much", "more than nothing, and not more than was reserved", "amount");
      if (row.status !== "authorized") return refuse(409, "not_authorized", `the payment is ${row.status}`);
      const { payment } = await ask(
        deps,
        row,
        async (provider, order) => await provider.capture(order, wanted),
      );
      await note(deps, by, "payment.capture_asked", payment);
      return paymentView(payment);
    },
  );
}

function cancelCall(api: Api, deps: PaymentDeps): void {
  api.bare(
    {
      method: "post",
      path: "/api/payments/{id}/cancel/",
      tag: "payments",
      summary: "Nobody is to pay it any more",
      description: "A payment that was paid at the same moment is answered as captured.",
      access: "anyone",
      params: byId,
      body: z.strictObject({}),
      answer: paymentSchema,
    },
    async ({ params, ...by }) => {
      noKeys(by.principal);
      const row = await ownPayment(deps, by.principal, params.id);
      if (row.status === "captured") return refuse(409, "captured", "it is paid: give it back instead");
      if (!isOpen(row.status)) return paymentView(row);
      const payment = await cancelPayment(deps, row).catch((error: unknown) => told(error, row));
      await note(deps, by, "payment.cancelled", payment);
      return paymentView(payment);
    },
  );
}

function noKeys(principal: Principal | null): void {
  if (principal?.kind === "key") refuse(403, "not_allowed", "API keys may not do this");
}

async function ask(
  deps: PaymentDeps,
  row: PaymentRow,
  work: (provider: Provider, order: KnownOrder) => Promise<PaymentState>,
): Promise<Told> {
  const provider = findProvider(deps, row.provider);
  const order = knownOrderOf(row);
  try {
    if (provider === null || order === null)
      throw new ProviderError("unreachable", "the provider does not know it yet");
    const state = await askProvider(deps, provider, async () => await work(provider, order));
    const after = await settleAndTell(deps, { facilityId: row.facilityId, paymentId: row.id }, state);
    if (after.mismatch === true) refuse(409, "not_this_payment", "what the provider has is not this payment");
    return after;
  } catch (error) {
    return told(error, row);
  }
}

function told(error: unknown, { id: paymentId }: PaymentRow): never {
  if (error instanceof ProviderError) return refuseAway(error, paymentId);
  throw error;
}

/** Who did it; what became of the money is written down where it is booked. */
async function note(
  { db }: PaymentDeps,
  { c, principal, now }: By,
  action: string,
  { id: paymentId, facilityId, status, currency, capturedMinor, charge }: PaymentRow,
): Promise<void> {
  const facility = await facilityOf(db, facilityId);
  await writeAudit(
    db,
    { principal, now, requestId: c.get("requestId") },
    {
      action,
      subject: `payment:${paymentId}`,
      ...(facility === null ? {} : { organisationId: facility.organisationId }),
      facilityId,
      detail: { status, captured_minor: capturedMinor, currency, charge },
    },
  );
}
