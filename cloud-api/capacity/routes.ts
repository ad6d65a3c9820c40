import { randomUUID } from "node:crypto";
import { Hono, type Context } from "hono";
import { z } from "zod";
import { slotRangeProblem, STANDARD_CLASS, type SlotRange } from "@parkme/shared/domain/capacity-rights";
import type { Clock } from "@parkme/shared/domain/clock";
import { problem } from "@parkme/shared/domain/errors";
import { slugSchema } from "@parkme/shared/protocol/gate-mqtt";
import { requireOwnPage } from "../accounts/guard.ts";
import type { Db } from "../db/connection.ts";
import { requireFacility, type FacilityEnv } from "../facilities/own-facility.ts";
import { limitBody, readJson, sendProblem } from "../http.ts";
import type { CapacityView } from "./contract.ts";
import { askForRights, releaseRights, sellRights, type Sale } from "./sales.queries.ts";
import { readCapacity } from "./view.queries.ts";

const instant = z.iso.datetime({ offset: true });
const rangeOf = ({ from, until }: { from: string; until: string }): SlotRange => ({
  fromMs: Date.parse(from),
  untilMs: Date.parse(until),
});
const slots = { class: slugSchema.default(STANDARD_CLASS), from: instant, until: instant };

/** `POST .../capacity/sales`: the seller mints the id, and may send the same again. */
const newSaleSchema = z.object({
  ...slots,
  sale_id: z.uuid().toLowerCase(),
  amount: z.number().int().min(1).max(10_000),
});
const viewSchema = z.object(slots);
const MAX_SALE_BYTES = 4_096;

/**
 * For headquarters: `GET /api/facilities/:facilityId/capacity` (see contract.ts), `POST .../capacity/sales` and
 * `DELETE .../capacity/sales/:saleId`. A sale that the cloud has not enough rights for is answered 409
 * `not_enough_rights`, and the gate is asked for more: the same again may go well in a moment.
 */
export function capacityRoutes(deps: { readonly db: Db; readonly clock: Clock }): Hono<FacilityEnv> {
  const { db, clock } = deps;
  const routes = new Hono<FacilityEnv>({ strict: false });
  const own = requireFacility(deps);
  const now = (): Date => new Date(clock.wallMs());
  const path = "/api/facilities/:facilityId/capacity";

  routes.get(path, own, async (c) => {
    const query = viewSchema.safeParse(c.req.query());
    if (!query.success) return refuse(c, query.error);
    const range = rangeOf(query.data);
    const wrong = slotRangeProblem(range);
    if (wrong !== null) return sendProblem(c, problem(400, "invalid", wrong, "until"));
    c.header("cache-control", "no-store");
    const book = { facilityId: c.get("facility").id, class: query.data.class };
    return c.json<CapacityView>(await readCapacity(db, book, range, now()));
  });

  routes.post(`${path}/sales`, requireOwnPage, own, limitBody(MAX_SALE_BYTES), async (c) => {
    const body = newSaleSchema.safeParse(await readJson(c));
    if (!body.success) return refuse(c, body.error);
    const { sale_id: saleId, class: name, amount } = body.data;
    const range = rangeOf(body.data);
    const wrong = slotRangeProblem(range) ?? (range.untilMs <= clock.wallMs() ? "this time is over" : null);
    if (wrong !== null) return sendProblem(c, problem(400, "invalid", wrong, "until"));
    const sale: Sale = { facilityId: c.get("facility").id, saleId, class: name, amount, ...range };
    const outcome = await db.transaction((tx) => sellRights(tx, sale, now()));
    switch (outcome.kind) {
      case "sold":
        return c.json({ sale_id: saleId }, 201);
      case "id_reused":
        return sendProblem(c, problem(409, "sale_id_reused", "this id is of another sale", "sale_id"));
      case "not_enough": {
        const missing = { ...sale, id: randomUUID(), amount: amount - outcome.free };
        const asked = await db.transaction((tx) => askForRights(tx, missing, now()));
        const detail = `there are rights to ${outcome.free} spaces; the gate is asked for more`;
        const extra = { free: outcome.free, request_id: asked.requestId };
        return sendProblem(c, problem(409, "not_enough_rights", detail), extra);
      }
      default:
        return outcome satisfies never;
    }
  });

  routes.delete(`${path}/sales/:saleId`, requireOwnPage, own, async (c) => {
    const id = z.uuid().toLowerCase().safeParse(c.req.param("saleId"));
    const facilityId = c.get("facility").id;
    const sale = { facilityId, saleId: id.data ?? "" };
    const released = id.success && (await db.transaction((tx) => releaseRights(tx, sale, now())));
    return released
      ? c.body(null, 204)
      : sendProblem(c, problem(404, "no_such_sale", "there is no such sale"));
  });

  return routes;
}

function refuse(c: Context, { issues }: z.ZodError): Response {
  const issue = issues[0];
  const field = issue?.path.join(".") || undefined;
  return sendProblem(c, problem(400, "invalid", issue?.message ?? "not understood", field));
}
