import type { Context, Hono } from "hono";
import { z } from "zod";
import { asId, isUuid, type ShiftId } from "@parkme/shared/domain/ids";
import {
  closeShiftSchema,
  drawerMoveSchema,
  MAX_RECEIPTS_ASKED,
  MAX_SHIFTS_ASKED,
  openShiftSchema,
  type ShiftNow,
} from "@parkme/shared/protocol/kiosk-desk";
import { type DeskParts, nowOf } from "../desk/parts.ts";
import { DESK } from "../desk/place.ts";
import type { DeskPaper } from "../desk/paper.ts";
import { cashMoved } from "../desk/payments.ts";
import { reconcile } from "../desk/reconcile.ts";
import type { Tariffs } from "../tariffs/tariffs.ts";
import { fail, readBody, readQuery, type Env } from "./http.ts";
import { answerTo, refuse } from "./replies.ts";

export type ShiftRouteOptions = {
  readonly desk: DeskParts;
  readonly paper: DeskPaper | null;
  readonly tariffs: Pick<Tariffs, "view">;
};

const HOUR_MS = 3_600_000;
/** A quarter of a year: more is the cloud's to report. */
const MAX_REPORT_MS = 92 * 24 * HOUR_MS;
const limit = (max: number, usual: number) =>
  z.object({ limit: z.coerce.number().int().min(1).max(max).default(usual) });
const shiftsQuerySchema = limit(MAX_SHIFTS_ASKED, 20);
const receiptsQuerySchema = limit(MAX_RECEIPTS_ASKED, 20);
const timesSchema = z.object({ from: z.iso.datetime().optional(), to: z.iso.datetime().optional() });

/** Shifts and drawers, and the books: reports, reconciliation, receipts, the tariff. */
export function shiftRoutes(api: Hono<Env>, options: ShiftRouteOptions): void {
  drawerRoutes(api, options.desk);
  reportRoutes(api, options.desk);
  bookRoutes(api, options);
}

function drawerRoutes(api: Hono<Env>, desk: DeskParts): void {
  const { store } = desk;
  const shown = (c: Context<Env>): Response => c.json(shiftNow(desk, c.get("attendant")));
  api.get("/shift", shown);
  api.post("/shift/open", async (c) => {
    const body = await readBody(c, openShiftSchema);
    if (!body.ok) return body.response;
    const attendant = c.get("attendant");
    const opened = store.openShift({ actor: attendant, floatMinor: body.value.float_minor }, nowOf(desk));
    if (!opened.ok) return refuse(c, opened.error);
    desk.log.info({ actor: attendant }, "shift opened");
    changed(desk);
    return shown(c);
  });
  api.post("/shift/move", async (c) => {
    const body = await readBody(c, drawerMoveSchema);
    if (!body.ok) return body.response;
    const { kind, amount_minor: amountMinor, reason, idempotency_key: idempotencyKey } = body.value;
    const actor = c.get("attendant");
    const moved = store.moveDrawer({ actor, kind, amountMinor, reason, idempotencyKey }, nowOf(desk));
    if (!moved.ok) return refuse(c, moved.error);
    if (!moved.value.again) {
      desk.log.info({ actor, kind, amountMinor, reason }, "cash moved");
      cashMoved(desk);
      desk.changed();
    }
    return shown(c);
  });
  api.post("/shift/close", async (c) => {
    const body = await readBody(c, closeShiftSchema);
    if (!body.ok) return body.response;
    const { counted_minor: countedMinor, note } = body.value;
    const attendant = c.get("attendant");
    const closed = store.closeShift({ actor: attendant, countedMinor, note }, nowOf(desk));
    if (!closed.ok) return refuse(c, closed.error);
    desk.log.info({ actor: attendant }, "shift closed");
    changed(desk);
    return c.json(closed.value);
  });
}

function changed(desk: DeskParts): void {
  desk.drawer.look();
  desk.changed();
}

function shiftNow({ store, drawer }: DeskParts, attendant: string): ShiftNow {
  const shift = store.shiftNow(attendant);
  if (shift === null) return { shift: null, float_minor: 0, change_low: false };
  return {
    shift: {
      shift_id: shift.shiftId,
      attendant: shift.attendant,
      opened_at: new Date(shift.openedAtMs).toISOString(),
      opened_by_payment: shift.openedByPayment,
      closed_at: null,
    },
    float_minor: shift.floatMinor,
    change_low: drawer.isLow(attendant),
  };
}

function reportRoutes(api: Hono<Env>, desk: DeskParts): void {
  const { store } = desk;
  api.get("/shifts", (c) => {
    const query = readQuery(c, shiftsQuerySchema);
    return query.ok ? c.json({ shifts: store.shifts(query.value.limit) }) : query.response;
  });
  api.get("/shifts/:id/report", (c) => {
    const id = c.req.param("id").toLowerCase();
    const report = isUuid(id) ? store.shiftReport(asId<ShiftId>(id)) : null;
    return report === null ? fail(c, 404, "unknown_shift", "There is no such shift.") : c.json(report);
  });
  api.get("/reconciliation", async (c) => {
    const query = readQuery(c, timesSchema);
    if (!query.ok) return query.response;
    const toMs = query.value.to === undefined ? desk.clock.wallMs() : Date.parse(query.value.to);
    const fromMs = query.value.from === undefined ? toMs - 24 * HOUR_MS : Date.parse(query.value.from);
    if (fromMs >= toMs) return fail(c, 400, "invalid_query", "must be before to", "from");
    if (toMs - fromMs > MAX_REPORT_MS)
      return fail(c, 400, "invalid_query", "is more than 92 days before to", "from");
    return c.json(await reconcile(store, fromMs, toMs));
  });
}

function bookRoutes(api: Hono<Env>, { desk, paper, tariffs }: ShiftRouteOptions): void {
  api.get("/receipts", (c) => {
    const query = readQuery(c, receiptsQuerySchema);
    if (!query.ok) return query.response;
    const receipts = desk.store.recentReceipts(query.value.limit).map(({ receipt, token }) => ({
      number: receipt.number,
      kind: receipt.kind,
      at: new Date(receipt.issuedWallMs).toISOString(),
      amount_minor: receipt.amountMinor,
      method: receipt.method,
      ticket_number: receipt.ticketNumber,
      url: `/r/${token}`,
    }));
    return c.json({ receipts });
  });
  api.post("/receipts/:number/print", async (c) => {
    const number = Number(c.req.param("number"));
    const known = Number.isSafeInteger(number) && number > 0 && desk.store.receiptByNumber(number) !== null;
    if (!known) return fail(c, 404, "unknown_receipt", "There is no such receipt.");
    if (paper === null) return fail(c, 409, "no_printer", "The desk has no printer.");
    const printed = await paper.printReceipt(number);
    if (printed.ok)
      desk.log.info({ receipt: number, actor: c.get("attendant"), place: DESK }, "receipt printed");
    return answerTo(c, printed, () => c.json({ done: true }));
  });
  api.get("/tariff", (c) => c.json(tariffs.view(desk.clock.wallMs())));
}
