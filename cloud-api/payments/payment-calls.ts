import { z } from "@hono/zod-openapi";
import { runsFacility, type Principal } from "../accounts/principal.ts";
import { PAYMENT_STATUSES } from "../db/money-schema.ts";
import { inScope } from "../db/tenancy.ts";
import type { Api } from "../platform/api.ts";
import { id, instant } from "../platform/fields.ts";
import { cutPage, pageOf, pageQuery, readCursor } from "../platform/pages.ts";
import { notFound, refuse } from "../platform/refusal.ts";
import type { PaymentDeps } from "./ask-provider.ts";
import type { Told } from "./beginning.ts";
import { PURPOSES, type Owed } from "./effects.ts";
import { openPayment } from "./opening.ts";
import { ownPayment } from "./own-payment.ts";
import { listPayments } from "./payments.queries.ts";
import { PAYMENT_METHODS } from "./providers/contract.ts";
import { begunPaymentSchema, paymentSchema, paymentView } from "./views.ts";

const EVERYBODY = ["admin", "owner", "staff", "driver"] as const;
const byId = z.object({ id });

const begunView = ({ payment, client }: Told): z.input<typeof begunPaymentSchema> => ({
  ...paymentView(payment),
  client,
});

export function paymentCalls(api: Api, deps: PaymentDeps): void {
  beginCall(api, deps);
  readCalls(api, deps);
}

function beginCall(api: Api, deps: PaymentDeps): void {
  api.bare(
    {
      method: "post",
      path: "/api/payments/",
      tag: "payments",
      summary: "Begins a payment",
      description:
        "What is owed is decided here. The answer has what the payer's program needs to go on, which is not kept: the same request with the same `Idempotency-Key` answers it again. `capture: manual` only reserves the money.",
      access: EVERYBODY,
      body: z.strictObject({
        facility_id: id,
        purpose: z.enum(PURPOSES),
        /** The stay, booking, violation or subscription. */
        subject_id: id,
        provider: z.string().min(1).max(30),
        method: z.enum(PAYMENT_METHODS).optional(),
        capture: z.enum(["automatic", "manual"]).default("automatic"),
      }),
      status: 201,
      answer: begunPaymentSchema,
      idempotent: true,
    },
    async ({ c, body, principal, now }) => {
      const subject = { facilityId: body.facility_id, purpose: body.purpose, subjectId: body.subject_id };
      const owed = await deps.effects[subject.purpose].owed(deps.db, subject, now);
      if (owed === null || !mayPay(principal, subject.facilityId, owed)) return notFound(subject.purpose);
      const manualCapture = body.capture === "manual";
      if (manualCapture && principal.role === "driver")
        return refuse(403, "not_allowed", "drivers may not do this", "capture");
      const wish = { provider: body.provider, method: body.method, manualCapture };
      return begunView(await openPayment(deps, { c, principal, subject, owed, wish, now }));
    },
  );
}

/** What is owed is paid by who owes it, or taken by people of the facility. */
function mayPay(principal: Principal, facilityId: string, owed: Owed): boolean {
  if (principal.role === "driver") return owed.userId === principal.actorId;
  return runsFacility(principal, facilityId);
}

function readCalls(api: Api, deps: PaymentDeps): void {
  api.bare(
    {
      method: "get",
      path: "/api/payments/{id}/",
      tag: "payments",
      summary: "A payment",
      description: "Whoever pays for a ticket without an account asks by the id that they were given.",
      access: "anyone",
      keyScope: "payments:read",
      params: byId,
      answer: paymentSchema,
    },
    async ({ params, principal }) => {
      if (principal?.keyScopes != null && !principal.keyScopes.includes("payments:read"))
        return refuse(403, "not_allowed", "this needs a key with the scope payments:read");
      return paymentView(await ownPayment(deps, principal, params.id));
    },
  );

  api.bare(
    {
      method: "get",
      path: "/api/payments/",
      tag: "payments",
      summary: "Payments, newest first: a driver's own, or those of the facilities that one runs",
      access: EVERYBODY,
      keyScope: "payments:read",
      query: z.strictObject({
        ...pageQuery,
        facility_id: id.optional(),
        purpose: z.enum(PURPOSES).optional(),
        subject_id: id.optional(),
        status: z.enum(PAYMENT_STATUSES).optional(),
        provider: z.string().max(30).optional(),
        from: instant.optional(),
        until: instant.optional(),
      }),
      answer: pageOf(paymentSchema),
    },
    async ({ query, principal }) => {
      const after = readCursor(query.cursor, z.tuple([z.iso.datetime(), z.uuid()]));
      const filter = {
        userId: principal.role === "driver" ? principal.actorId : undefined,
        facilityId: query.facility_id,
        purpose: query.purpose,
        subjectId: query.subject_id,
        status: query.status,
        provider: query.provider,
        from: query.from,
        until: query.until,
      };
      const rows = await inScope(
        deps.db,
        principal,
        async (tx) => await listPayments(tx, filter, after, query.limit + 1),
      );
      const page = cutPage(rows, query.limit, (row) => [row.madeAt.toISOString(), row.id]);
      return { items: page.rows.map(paymentView), next_cursor: page.next_cursor };
    },
  );
}
