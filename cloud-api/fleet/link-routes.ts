import { Hono } from "hono";
import { z } from "zod";
import type { Clock } from "@parkme/shared/domain/clock";
import { problem } from "@parkme/shared/domain/errors";
import { requireOwnPage } from "../accounts/guard.ts";
import type { LinkView } from "./link-contract.ts";
import type { Db } from "../db/connection.ts";
import { requireFacility, type FacilityEnv } from "../facilities/own-facility.ts";
import { sendProblem } from "../http.ts";
import { markSeen } from "./incidents.queries.ts";
import { readLink } from "./link-view.queries.ts";

/**
 * For headquarters: `GET /api/facilities/:facilityId/link`, how a gate and the cloud stand with each other (see
 * link-contract), and `POST .../link/incidents/:incidentId/seen`, which says that a person has looked at an
 * incident.
 */
export function linkRoutes(deps: { readonly db: Db; readonly clock: Clock }): Hono<FacilityEnv> {
  const { db, clock } = deps;
  const routes = new Hono<FacilityEnv>({ strict: false });

  routes.get("/api/facilities/:facilityId/link", requireFacility(deps), async (c) => {
    c.header("cache-control", "no-store");
    return c.json<LinkView>(await readLink(db, c.get("facility").id, new Date(clock.wallMs())));
  });

  routes.post(
    "/api/facilities/:facilityId/link/incidents/:incidentId/seen",
    requireOwnPage,
    requireFacility(deps),
    async (c) => {
      const id = z.uuid().safeParse(c.req.param("incidentId"));
      const act = { facilityId: c.get("facility").id, incidentId: id.data ?? "", by: c.get("session").name };
      const seen = id.success && (await markSeen(db, act, new Date(clock.wallMs())));
      return seen
        ? c.body(null, 204)
        : sendProblem(c, problem(404, "no_such_incident", "there is no such incident that is open"));
    },
  );

  return routes;
}
