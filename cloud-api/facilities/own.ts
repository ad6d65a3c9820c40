import type { Principal } from "../accounts/principal.ts";
import { runsFacility } from "../accounts/principal.ts";
import type { Tx } from "../db/connection.ts";
import { notFound, refuse } from "../platform/refusal.ts";
import { readFacilities, type FacilityRecord } from "./facility.queries.ts";

/** Whether somebody sees a facility as those do who run it: unlisted, closed, with its sensors' names. */
export function seesAll(principal: Principal | null, facilityId: string): boolean {
  if (principal === null || !runsFacility(principal, facilityId)) return false;
  return principal.keyScopes === null || principal.keyScopes.includes("facilities:read");
}

/** Whether somebody may see a facility at all. */
export function seesFacility(
  principal: Principal | null,
  { id, listed, closedAt }: Pick<FacilityRecord, "id" | "listed" | "closedAt">,
): boolean {
  return (listed && closedAt === null) || seesAll(principal, id);
}

/** The facility, for those who may see it. @throws a refusal: others are told that there is none. */
export async function visibleFacility(
  tx: Tx,
  principal: Principal | null,
  facilityId: string,
): Promise<FacilityRecord> {
  const facility = (await readFacilities(tx, [facilityId])).get(facilityId);
  return facility !== undefined && seesFacility(principal, facility) ? facility : notFound("facility");
}

/** The facility of whoever runs it. @throws a refusal: anybody else is told that there is none. */
export async function ownFacility(tx: Tx, principal: Principal, facilityId: string): Promise<FacilityRecord> {
  if (!runsFacility(principal, facilityId)) return notFound("facility");
  const found = await readFacilities(tx, [facilityId]);
  return found.get(facilityId) ?? notFound("facility");
}

/** As {@link ownFacility}, to be changed: a facility that is closed stays as it is. */
export async function openFacility(
  tx: Tx,
  principal: Principal,
  facilityId: string,
): Promise<FacilityRecord> {
  const facility = await ownFacility(tx, principal, facilityId);
  if (facility.closedAt !== null) refuse(409, "facility_closed", "this facility is closed for good");
  return facility;
}
