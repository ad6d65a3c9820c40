import { and, asc, eq, gt } from "drizzle-orm";
import type { Db, Tx } from "../db/connection.ts";
import { organisations } from "../db/schema.ts";

export type OrganisationRow = { readonly id: string; readonly slug: string; readonly name: string };

const ROW = { id: organisations.id, slug: organisations.slug, name: organisations.name };

/** In the order of their slugs, one more than asked for. @param only null = all of them. */
export async function listOrganisations(
  db: Db,
  {
    only,
    after,
    limit,
  }: { readonly only: string | null; readonly after: string | null; readonly limit: number },
): Promise<readonly OrganisationRow[]> {
  return await db
    .select(ROW)
    .from(organisations)
    .where(
      and(
        only === null ? undefined : eq(organisations.id, only),
        after === null ? undefined : gt(organisations.slug, after),
      ),
    )
    .orderBy(asc(organisations.slug))
    .limit(limit + 1);
}

/** @param by its id, or its slug. */
export async function findOrganisation(
  db: Db | Tx,
  by: { readonly id: string } | { readonly slug: string },
): Promise<OrganisationRow | null> {
  const its = "id" in by ? eq(organisations.id, by.id) : eq(organisations.slug, by.slug);
  const [found] = await db.select(ROW).from(organisations).where(its);
  return found ?? null;
}

/** @returns null where another has this slug. */
export async function insertOrganisation(tx: Tx, row: OrganisationRow): Promise<OrganisationRow | null> {
  const [made] = await tx
    .insert(organisations)
    .values(row)
    .onConflictDoNothing({ target: organisations.slug })
    .returning(ROW);
  return made ?? null;
}

/** @returns null where there is none. */
export async function renameOrganisation(tx: Tx, id: string, name: string): Promise<OrganisationRow | null> {
  const [changed] = await tx
    .update(organisations)
    .set({ name })
    .where(eq(organisations.id, id))
    .returning(ROW);
  return changed ?? null;
}
