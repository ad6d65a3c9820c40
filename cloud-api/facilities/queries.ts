import { and, eq, inArray, isNull, ne, notInArray, sql } from "drizzle-orm";
import type { Provision, ProvisionedFacility } from "../config/provision-file.ts";
import type { Db, Tx } from "../db/connection.ts";
import { edges, facilities, lanes, organisations } from "../db/schema.ts";
import { edgeKeys } from "../db/sync-schema.ts";

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
  const { id, lanes: laneList, edge, places, ...rest } = facility;
  const row = { ...rest, ...places?.about, organisationId };
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

  if (edge !== null) await writeEdge(tx, id, edge);
}

/**
 * Lets an edge in by the token of its file. A token that was revoked stays so for as long as the file has the same one:
 * a restart gives nothing back. What the facility's other edges signed in with counts no more.
 */
async function writeEdge(
  tx: Tx,
  facilityId: string,
  { id, tokenHash }: NonNullable<ProvisionedFacility["edge"]>,
): Promise<void> {
  const others = and(eq(edges.facilityId, facilityId), ne(edges.id, id));
  await tx.update(edges).set({ tokenHash: null }).where(others);
  await tx
    .update(edgeKeys)
    .set({ revokedAt: sql`now()`, revokedBy: "provisioning" })
    .where(
      and(
        isNull(edgeKeys.revokedAt),
        inArray(edgeKeys.edgeId, tx.select({ id: edges.id }).from(edges).where(others)),
      ),
    );
  const isSameToken = sql`${edges.tokenHash} is not distinct from ${tokenHash}`;
  const tokenRevokedAt = sql`case when ${isSameToken} then ${edges.tokenRevokedAt} end`;
  await tx
    .insert(edges)
    .values({ id, facilityId, tokenHash })
    .onConflictDoUpdate({ target: edges.id, set: { facilityId, tokenHash, tokenRevokedAt } });
}

/** What a facility is called. */
export type FacilityName = { readonly id: string; readonly slug: string; readonly name: string };

const NAME = { id: facilities.id, slug: facilities.slug, name: facilities.name };

/** A facility of an organisation (null = of any); null = it has none with this id. */
export async function findFacility(
  db: Db | Tx,
  organisationId: string | null,
  facilityId: string,
): Promise<FacilityName | null> {
  const own = organisationId === null ? undefined : eq(facilities.organisationId, organisationId);
  const its = and(eq(facilities.id, facilityId), own);
  const [found] = await db.select(NAME).from(facilities).where(its);
  return found ?? null;
}

/** A facility by its slug, whosesoever it is: for whoever runs the cloud. */
export async function findFacilityBySlug(db: Db | Tx, slug: string): Promise<FacilityName | null> {
  const [found] = await db.select(NAME).from(facilities).where(eq(facilities.slug, slug));
  return found ?? null;
}
