import type { Context } from "hono";
import { writeAudit, type AuditFact } from "../audit/entries.queries.ts";
import type { Db, Tx } from "../db/connection.ts";
import type { AppEnv } from "../http.ts";
import type { Principal } from "./principal.ts";

/** Who does something to an account; `by` null = somebody who is not signed in. */
export type Asking = {
  readonly c: Context<AppEnv>;
  readonly now: Date;
  readonly by: Pick<Principal, "actorId" | "name" | "role" | "organisationId"> | null;
};

/**
 * Does something to accounts, whose tables no tenant reads or writes, in one transaction, with its entries in the audit
 * log. What it throws undoes it.
 */
export async function recorded<T>(
  db: Db,
  { c, now, by }: Asking,
  work: (tx: Tx, audit: (fact: AuditFact) => Promise<void>) => Promise<T>,
): Promise<T> {
  const actor = { principal: by, now, requestId: c.get("requestId") };
  return await db.transaction((tx) => work(tx, (fact) => writeAudit(tx, actor, fact)));
}

/** Somebody as the audit log names them, who is about to sign in. */
export function actorOf(user: {
  readonly id: string;
  readonly email: string;
  readonly role: Principal["role"];
  readonly organisationId: string | null;
}): NonNullable<Asking["by"]> {
  return { actorId: user.id, name: user.email, role: user.role, organisationId: user.organisationId };
}
