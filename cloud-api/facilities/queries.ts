import { and, eq, ne, notInArray, sql } from "drizzle-orm";
import type { Provision, ProvisionedFacility } from "../config/provision-file.ts";
import type { Tx } from "../db/connection.ts";
import { edges, facilities, lanes, organisations } from "../db/schema.ts";

/** Writes the organisation by its slug. @returns its id. */
export async function writeOrganisation(tx: Tx, organisation: Provision["organisation"]): Promise<string> {
  const [written] = await tx
    .insert(organisations)
    .values(organisation)
    .onConflictDoUpdate({ target: organisations.slug, set: { name: organisation.name } })
    .returning({ id: organisations.id });
  if (written === undefined) throw new Error("an upsert returned no row");
  return written.id;
}

/**
 * Writes a facility, its lanes and its edge by their ids. Lanes that are no longer listed go; what happened in them
 * stays. An edge that was replaced keeps its events but can send no more.
 *
 * @throws when PostgreSQL does not know the time zone: every report would fail on it later.
 */
export async function writeFacility(
  tx: Tx,
  organisationId: string,
  facility: ProvisionedFacility,
): Promise<void> {
  await tx.execute(sql`select now() at time zone ${facility.timeZone}`);
  const { id, lanes: laneList, edge, ...rest } = facility;
  const row = { ...rest, organisationId };
  await tx
    .insert(facilities)
    .values({ id, ...row })
    .onConflictDoUpdate({ target: facilities.id, set: row });

  for (const [position, { slug, name, direction }] of laneList.entries()) {
    const lane = { name, direction, position };
    await tx
      .insert(lanes)
      .values({ facilityId: id, slug, ...lane })
      .onConflictDoUpdate({ target: [lanes.facilityId, lanes.slug], set: lane });
  }
  const listed = laneList.map((lane) => lane.slug);
  await tx.delete(lanes).where(and(eq(lanes.facilityId, id), notInArray(lanes.slug, listed)));

  await tx
    .update(edges)
    .set({ tokenHash: null })
    .where(and(eq(edges.facilityId, id), ne(edges.id, edge.id)));
  const { tokenHash } = edge;
  await tx
    .insert(edges)
    .values({ id: edge.id, facilityId: id, tokenHash })
    .onConflictDoUpdate({ target: edges.id, set: { facilityId: id, tokenHash } });
}
