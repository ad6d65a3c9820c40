import type { MiddlewareHandler } from "hono";
import { z } from "zod";
import type { Clock } from "@parkme/shared/domain/clock";
import { problem } from "@parkme/shared/domain/errors";
import { currentSession } from "../accounts/routes.ts";
import type { Db } from "../db/connection.ts";
import { sendProblem, type AppEnv } from "../http.ts";
import { findFacility, type FacilityName } from "./queries.ts";

/** A request of somebody who is signed in, about a facility of their organisation. */
export type FacilityEnv = AppEnv & { Variables: { facility: FacilityName } };

/**
 * For routes below `/api/facilities/:facilityId/`: lets only signed-in people of the facility's organisation pass. A
 * facility of another organisation is answered as one that does not exist.
 */
export function requireFacility(deps: {
  readonly db: Db;
  readonly clock: Clock;
}): MiddlewareHandler<FacilityEnv> {
  return async (c, next) => {
    const session = await currentSession(deps, c);
    if (session === null) return sendProblem(c, problem(401, "not_signed_in", "sign in first"));
    const id = z.uuid().safeParse(c.req.param("facilityId"));
    const facility = id.success ? await findFacility(deps.db, session.organisation.id, id.data) : null;
    if (facility === null)
      return sendProblem(c, problem(404, "no_such_facility", "there is no such facility"));
    c.set("session", session);
    c.set("facility", facility);
    return await next();
  };
}
