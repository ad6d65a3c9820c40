import { sql } from "drizzle-orm";
import { transact, type Client, type Db, type Tx } from "./connection.ts";

/**
 * The second wall between tenants. Requests of people and their programs run in transactions of the role `parkme_tenant`,
 * which owns nothing: row-level security (migration 0005) shows them what is theirs and nothing else, whatever a query
 * forgets to ask. Everything else (edges, jobs, sign-ins, what anybody may see) runs as who runs the cloud.
 */

/** On whose behalf: what the walls ask for. */
export type Scope = {
  readonly role: "admin" | "owner" | "staff" | "driver" | "anyone";
  /** The user or API key; null = nobody is signed in. */
  readonly actorId: string | null;
  readonly organisationId: string | null;
  /** Those that they run; an admin runs all without a list. */
  readonly facilityIds: readonly string[];
};

export const ANYONE: Scope = { role: "anyone", actorId: null, organisationId: null, facilityIds: [] };

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** The statement that makes the rest of a transaction that of a scope; its values were checked, so they stand in it. */
function enterScope(scope: Scope): string {
  const ids = [scope.actorId, scope.organisationId, ...scope.facilityIds];
  if (ids.some((id) => id !== null && !UUID.test(id))) throw new Error("an id of a scope is no UUID");
  const settings = [
    ["role", scope.role],
    ["actor", scope.actorId ?? ""],
    ["organisation", scope.organisationId ?? ""],
    ["facilities", scope.facilityIds.join(",")],
  ];
  const set = settings.map(([name, value]) => `set local parkme.${name} = '${value}'`);
  return ["set local role parkme_tenant", ...set].join("; ");
}

/** A transaction behind the walls of a scope. What throws in it undoes it. */
export async function inScope<T>(
  db: Db,
  scope: Scope,
  work: (tx: Tx, client: Client) => Promise<T>,
): Promise<T> {
  return await transact(db, async (tx, client) => {
    await tx.execute(sql.raw(enterScope(scope)));
    return await work(tx, client);
  });
}

/**
 * Within a transaction of {@link inScope}: does something as who runs the cloud, such as to publish to a gate what the
 * caller was found to be allowed to change, and goes back behind the walls.
 */
export async function asSystem<T>(tx: Tx, work: () => Promise<T>): Promise<T> {
  await tx.execute(sql.raw("set local role none"));
  const done = await work();
  await tx.execute(sql.raw("set local role parkme_tenant"));
  return done;
}
