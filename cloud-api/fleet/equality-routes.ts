import { Hono } from "hono";
import { z } from "zod";
import type { Clock } from "@parkme/shared/domain/clock";
import { problem } from "@parkme/shared/domain/errors";
import {
  equalityPostSchema,
  MAX_UNEQUAL,
  type EqualityRowsAnswer,
  type EqualityTextsAnswer,
  type UnequalPages,
} from "@parkme/shared/protocol/equality";
import type { Db } from "../db/connection.ts";
import { requireFacility, type FacilityEnv } from "../facilities/own-facility.ts";
import { limitBody, readJson, sendProblem } from "../http.ts";
import { requireEdge, type EdgeEnv } from "./edge-auth.ts";
import type { EqualityView } from "./equality-contract.ts";
import { currencyOf, readChecks, unequalPages } from "./equality.queries.ts";
import { differingRows, keepTexts } from "./equality.ts";
import { equalityCsv, equalityView } from "./equality-view.ts";

type EqualityDeps = { readonly db: Db; readonly clock: Clock };

/** A page of rows, or as many texts as are looked into. */
const MAX_POST_BYTES = 1024 * 1024;

/**
 * For edges: `GET /api/edge/equality` says which days did not agree, `POST` of the same finds the rows that differ. See
 * shared/protocol/equality.
 */
export function edgeEqualityRoutes({ db, clock }: EqualityDeps): Hono<EdgeEnv> {
  const routes = new Hono<EdgeEnv>({ strict: false });
  const path = "/api/edge/equality";
  const own = requireEdge(db, clock);

  routes.get(path, own, async (c) =>
    c.json<UnequalPages>(await unequalPages(db, c.get("edge").facilityId, MAX_UNEQUAL)),
  );

  routes.post(path, own, limitBody(MAX_POST_BYTES), async (c) => {
    const body = equalityPostSchema.safeParse(await readJson(c));
    if (!body.success) {
      const issue = body.error.issues[0];
      const field = issue?.path.join(".") || undefined;
      return sendProblem(c, problem(400, "invalid", issue?.message ?? "not rows of a day", field));
    }
    const { id: edgeId, facilityId } = c.get("edge");
    if (body.data.step === "rows")
      return c.json<EqualityRowsAnswer>({ differ: await differingRows(db, facilityId, body.data) });
    const now = new Date(clock.wallMs());
    return c.json<EqualityTextsAnswer>(await keepTexts(db, { edgeId, facilityId }, body.data, now));
  });

  return routes;
}

const MAX_DAYS = 400;
const USUAL_DAYS = 40;
const DAY_MS = 86_400_000;

const day = z.iso.date().refine((text) => text >= "0001");
const querySchema = z.object({
  from: day.optional(),
  to: day.optional(),
  format: z.enum(["json", "csv"]).default("json"),
});

/** For headquarters: whether a gate's books and ours are the same. See equality-contract.ts. */
export function equalityRoutes(deps: EqualityDeps): Hono<FacilityEnv> {
  const { db, clock } = deps;
  const routes = new Hono<FacilityEnv>({ strict: false });
  routes.get("/api/facilities/:facilityId/equality", requireFacility(deps), async (c) => {
    const query = querySchema.safeParse(c.req.query());
    const span = query.success ? spanOf(query.data, clock.wallMs()) : null;
    if (!query.success || span === null) {
      const words = `from and to are days (YYYY-MM-DD), at most ${MAX_DAYS} of them; format is json or csv`;
      return sendProblem(c, problem(400, "invalid", words));
    }
    const facility = c.get("facility");
    const currency = await currencyOf(db, facility.id);
    const view = equalityView({ facility, ...span, currency }, await readChecks(db, facility.id, span));
    c.header("cache-control", "no-store");
    if (query.data.format === "json") return c.json<EqualityView>(view);
    c.header("content-disposition", `attachment; filename="equality-${facility.slug}-${span.to}.csv"`);
    return c.body(equalityCsv(view), 200, { "content-type": "text/csv; charset=utf-8" });
  });
  return routes;
}

/** Null where it makes no sense, or is too much. Tomorrow too: a gate's clock may run ahead. */
function spanOf(
  { from, to }: { readonly from?: string | undefined; readonly to?: string | undefined },
  nowMs: number,
): { readonly from: string; readonly to: string } | null {
  const dayAt = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
  const last = to ?? dayAt(nowMs + DAY_MS);
  const lastMs = Date.parse(`${last}T00:00:00Z`);
  const first = from ?? dayAt(lastMs - USUAL_DAYS * DAY_MS);
  const days = (lastMs - Date.parse(`${first}T00:00:00Z`)) / DAY_MS;
  return days >= 0 && days < MAX_DAYS ? { from: first, to: last } : null;
}
