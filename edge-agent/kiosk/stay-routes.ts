import type { Context, Hono } from "hono";
import { z } from "zod";
import type { Refusal } from "@parkme/shared/domain/errors";
import { asId, isUuid, type StayId } from "@parkme/shared/domain/ids";
import type { Result } from "@parkme/shared/domain/result";
import type { StayAccount } from "@parkme/shared/domain/stay-account";
import {
  entryTimeSchema,
  identifySchema,
  manualStaySchema,
  MAX_STAYS_FOUND,
  penaltySchema,
  reasonSchema,
  validateSchema,
  vehicleSchema,
} from "@parkme/shared/protocol/kiosk-desk";
import {
  addPenalty,
  beginManualStay,
  loseTicket,
  setEntryTime,
  setVehicle,
  voidStay,
} from "../desk/amendments.ts";
import type { DeskPaper } from "../desk/paper.ts";
import { accountOf, type DeskParts } from "../desk/parts.ts";
import { DESK } from "../desk/place.ts";
import { stayRow, stayView } from "../desk/stay-view.ts";
import { giveByCode, giveOffer } from "../desk/validations.ts";
import type { LaneRunner } from "../lanes/lane-runner.ts";
import { fail, readBody, readQuery, type Env } from "./http.ts";
import { answerTo, refuse } from "./replies.ts";

export type StayRouteOptions = {
  readonly desk: DeskParts;
  /** Null where the desk has no printer. */
  readonly paper: DeskPaper | null;
  readonly gate: { readonly lanes: ReadonlyMap<string, { readonly runner: LaneRunner }> };
};

/** Long enough for the code on a ticket. */
const searchSchema = z.object({ q: z.string().trim().max(256).default("") });

/** Stays: found, looked at, begun by hand, and changed with a reason. */
export function stayRoutes(api: Hono<Env>, options: StayRouteOptions): void {
  const { desk } = options;
  api.get("/stays", (c) => {
    const query = readQuery(c, searchSchema);
    if (!query.ok) return query.response;
    const { q } = query.value;
    const scanned = desk.codes.read(q, desk.clock.wallMs());
    const wanted = scanned.kind === "ticket" ? scanned.number : q;
    return c.json({ stays: desk.store.findStays(wanted, MAX_STAYS_FOUND).map(stayRow) });
  });
  api.get("/stays/:id", (c) => shown(c, desk, accountOf(desk, c.req.param("id"))));
  api.post("/stays", async (c) => {
    const body = await readBody(c, manualStaySchema);
    if (!body.ok) return body.response;
    const { plate, entry_at, reason, idempotency_key: idempotencyKey } = body.value;
    const entryWallMs = Date.parse(entry_at);
    const actor = c.get("attendant");
    const begun = beginManualStay(desk, { plate, entryWallMs, reason, actor, idempotencyKey });
    return answerTo(c, begun, (account) => c.json(stayView(desk, account), 201));
  });
  amendmentRoutes(api, desk);
  ticketRoutes(api, options);
  laneRoute(api, options);
}

function shown(c: Context<Env>, desk: DeskParts, account: Result<StayAccount, Refusal>): Response {
  return answerTo(c, account, (value) => c.json(stayView(desk, value)));
}

/** A post about one stay, answered with how the stay is then. */
export function stayAct<T>(
  api: Hono<Env>,
  desk: DeskParts,
  name: string,
  schema: z.ZodType<T>,
  act: (id: string, body: T, actor: string) => Result<StayAccount, Refusal>,
): void {
  api.post(`/stays/:id/${name}`, async (c) => {
    const body = await readBody(c, schema);
    if (!body.ok) return body.response;
    return shown(c, desk, act(c.req.param("id") ?? "", body.value, c.get("attendant")));
  });
}

function amendmentRoutes(api: Hono<Env>, desk: DeskParts): void {
  stayAct(api, desk, "validations", validateSchema, (id, body, actor) => {
    const by = { actor, idempotencyKey: body.idempotency_key, place: DESK };
    return "code" in body ? giveByCode(desk, id, body.code, by) : giveOffer(desk, id, body, by);
  });
  stayAct(api, desk, "lost-ticket", reasonSchema, (id, { reason }, actor) =>
    loseTicket(desk, id, { actor, reason }),
  );
  stayAct(api, desk, "entry-time", entryTimeSchema, (id, { entry_at, reason }, actor) =>
    setEntryTime(desk, id, { entryWallMs: Date.parse(entry_at), actor, reason }),
  );
  stayAct(api, desk, "vehicle", vehicleSchema, (id, { type, ev, accessible }, actor) =>
    setVehicle(desk, id, { vehicleType: type, ev, accessible, actor }),
  );
  stayAct(api, desk, "penalties", penaltySchema, (id, { penalty, reason, idempotency_key }, actor) =>
    addPenalty(desk, id, { penalty, actor, reason, idempotencyKey: idempotency_key }),
  );
  stayAct(api, desk, "void", reasonSchema, (id, { reason }, actor) => voidStay(desk, id, { actor, reason }));
}

function ticketRoutes(api: Hono<Env>, { desk, paper }: StayRouteOptions): void {
  api.post("/stays/:id/ticket/print", async (c) => {
    const body = await readBody(c, reasonSchema);
    if (!body.ok) return body.response;
    const account = accountOf(desk, c.req.param("id"));
    if (!account.ok) return refuse(c, account.error);
    if (paper === null) return fail(c, 409, "no_printer", "The desk has no printer.");
    const { stayId } = account.value;
    const by = { actor: c.get("attendant"), reason: body.value.reason };
    const printed = await paper.printTicket(stayId, by);
    if (printed.ok) desk.log.info({ stay: stayId, ...by }, "ticket printed again");
    return answerTo(c, printed, () => c.json({ done: true }));
  });
}

function laneRoute(api: Hono<Env>, { desk, gate }: StayRouteOptions): void {
  api.post("/lanes/:lane/identify", async (c) => {
    const lane = gate.lanes.get(c.req.param("lane"));
    if (lane === undefined) return fail(c, 404, "unknown_lane", "There is no such lane.");
    const body = await readBody(c, identifySchema);
    if (!body.ok) return body.response;
    const id = body.value.stay_id.toLowerCase();
    if (!isUuid(id)) return fail(c, 400, "invalid_body", "Not the id of a stay.", "stay_id");
    const { reason } = body.value;
    const actor = c.get("attendant");
    const reply = lane.runner.ask({ kind: "identify", stayId: asId<StayId>(id), actor, reason });
    if (!reply.ok) return fail(c, reply.code === "store_failed" ? 503 : 409, reply.code, reply.message);
    desk.log.info({ lane: lane.runner.config.name, stay: id, actor, reason }, "vehicle identified");
    return c.json({ done: true });
  });
}
