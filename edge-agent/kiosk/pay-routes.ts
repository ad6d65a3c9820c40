import type { Hono } from "hono";
import { asId, isUuid, type AttemptId } from "@parkme/shared/domain/ids";
import {
  debtSchema,
  deskCardSchema,
  deskPaymentSchema,
  refundSchema,
  vouchSchema,
  writeOffSchema,
} from "@parkme/shared/protocol/kiosk-desk";
import { bookDebt, collectDebt, refund, writeOff } from "../desk/books.ts";
import { accountOf, type DeskParts } from "../desk/parts.ts";
import { beginCard, owedBy, takePayment } from "../desk/payments.ts";
import { attemptView } from "../desk/stay-view.ts";
import { qrSvg, upiLink } from "../desk/upi.ts";
import { vouchFor } from "../desk/vouching.ts";
import { fail, readBody, type Env } from "./http.ts";
import { answerTo, refuse } from "./replies.ts";
import { stayAct } from "./stay-routes.ts";

export type PayRouteOptions = { readonly desk: DeskParts };

/** Money for stays: taken, asked for, written off, owed, given back. */
export function payRoutes(api: Hono<Env>, { desk }: PayRouteOptions): void {
  api.post("/stays/:id/payments", async (c) => {
    const body = await readBody(c, deskPaymentSchema);
    if (!body.ok) return body.response;
    const paid = takePayment(desk, c.req.param("id"), body.value, c.get("attendant"));
    return answerTo(c, paid, (value) => c.json(value));
  });
  api.post("/stays/:id/debt/collect", async (c) => {
    const body = await readBody(c, deskPaymentSchema);
    if (!body.ok) return body.response;
    const paid = collectDebt(desk, c.req.param("id"), body.value, c.get("attendant"));
    return answerTo(c, paid, (value) => c.json(value));
  });
  api.post("/stays/:id/refunds", async (c) => {
    const body = await readBody(c, refundSchema);
    if (!body.ok) return body.response;
    const { payment_id: paymentId, amount_minor: amountMinor, reason, idempotency_key: key } = body.value;
    const actor = c.get("attendant");
    const wish = { paymentId, amountMinor, reason, idempotencyKey: key, actor };
    return answerTo(c, refund(desk, c.req.param("id"), wish), (value) => c.json(value));
  });
  stayAct(api, desk, "write-off", writeOffSchema, (id, body, actor) => {
    const { amount_minor: amountMinor, reason, idempotency_key: idempotencyKey } = body;
    return writeOff(desk, id, { amountMinor, reason, idempotencyKey, actor });
  });
  stayAct(api, desk, "debt", debtSchema, (id, body, actor) => {
    const { amount_minor: amountMinor, reason, debtor, idempotency_key: idempotencyKey } = body;
    return bookDebt(desk, id, { amountMinor, reason, debtor, idempotencyKey, actor });
  });
  cardRoutes(api, desk);
  upiRoute(api, desk);
}

function cardRoutes(api: Hono<Env>, desk: DeskParts): void {
  const unknown = {
    code: "unknown_attempt",
    blame: "operator",
    message: "There is no such card payment.",
  } as const;
  const idOf = (text: string): AttemptId | null => {
    const id = text.toLowerCase();
    return isUuid(id) ? asId<AttemptId>(id) : null;
  };
  api.post("/stays/:id/card", async (c) => {
    const body = await readBody(c, deskCardSchema);
    if (!body.ok) return body.response;
    const begun = beginCard(desk, c.req.param("id"), body.value, c.get("attendant"));
    return answerTo(c, begun, (id) => c.json(attemptView(desk, id), 202));
  });
  api.get("/attempts/:id", (c) => {
    const id = idOf(c.req.param("id"));
    const view = id && attemptView(desk, id);
    return view === null ? refuse(c, unknown) : c.json(view);
  });
  api.post("/attempts/:id/stop", (c) => {
    const id = idOf(c.req.param("id"));
    if (id !== null) desk.card?.stop(id);
    const view = id && attemptView(desk, id);
    return view === null ? refuse(c, unknown) : c.json(view);
  });
  api.post("/attempts/:id/vouch", async (c) => {
    const body = await readBody(c, vouchSchema);
    if (!body.ok) return body.response;
    const id = idOf(c.req.param("id"));
    if (id === null) return refuse(c, unknown);
    const vouched = vouchFor(desk, id, { ...body.value, actor: c.get("attendant") });
    return answerTo(c, vouched, () => c.json(attemptView(desk, id)));
  });
}

function upiRoute(api: Hono<Env>, desk: DeskParts): void {
  api.post("/stays/:id/upi", async (c) => {
    const account = accountOf(desk, c.req.param("id"));
    if (!account.ok) return refuse(c, account.error);
    if (desk.upi === null) return fail(c, 409, "upi_not_set_up", "No money is taken by UPI here.");
    const wallMs = desk.clock.wallMs();
    const owed = owedBy(desk, account.value, wallMs);
    if (!owed.ok) return refuse(c, owed.error);
    const { amountMinor } = owed.value;
    if (amountMinor === 0) return fail(c, 409, "nothing_due", "Nothing is due.");
    const { ticketNumber } = account.value;
    const link = upiLink(desk.upi, { amountMinor, ticketNumber, wallMs });
    return c.json({ link, svg: await qrSvg(link), amount_minor: amountMinor });
  });
}
