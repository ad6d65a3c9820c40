import type { MiddlewareHandler } from "hono";
import { z } from "zod";
import { problem } from "@parkme/shared/domain/errors";
import { runnerOf } from "../accounts/guard.ts";
import type { Principal, Role } from "../accounts/principal.ts";
import type { Db } from "../db/connection.ts";
import { sendProblem, type AppEnv } from "../http.ts";
import { findFacility, type FacilityName } from "./queries.ts";

/** A request of somebody who is signed in, about a facility that they run. */
export type FacilityEnv = AppEnv & { Variables: { facility: FacilityName } };

/**
 * For routes below `/api/facilities/:facilityId/`: lets only people pass who run the facility, signed in by a token or by
 * the dashboard's cookie. A facility that they do not run is answered as one that does not exist.
 *
 * @param roles who may pass; left out, all who run facilities: admins, owners, staff.
 */
export function requireFacility(
  deps: { readonly db: Db },
  roles?: readonly Role[],
): MiddlewareHandler<FacilityEnv> {
  return async (c, next) => {
    const session = await runnerOf(c, roles);
    const id = z.uuid().toLowerCase().safeParse(c.req.param("facilityId"));
    const facility = id.success ? await findOwn(deps.db, session.principal, id.data) : null;
    if (facility === null)
      return sendProblem(c, problem(404, "no_such_facility", "there is no such facility"));
    c.set("session", session);
    c.set("facility", facility);
    return await next();
  };
}

/** Owners' facilities are asked for anew: one that was made a moment ago is there. */
async function findOwn(db: Db, principal: Principal, facilityId: string): Promise<FacilityName | null> {
  const { role, organisationId, facilityIds } = principal;
  if (role === "admin") return await findFacility(db, null, facilityId);
  if (organisationId === null || (role === "staff" && !facilityIds.includes(facilityId))) return null;
  return await findFacility(db, organisationId, facilityId);
}
