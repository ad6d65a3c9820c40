import { and, count, desc, eq, inArray, isNull, lt, or, sql } from "drizzle-orm";
import { apiKeys } from "../db/accounts-schema.ts";
import type { Db, Tx } from "../db/connection.ts";
import { facilities } from "../db/schema.ts";
import { KEY_SCOPES, type KeyScope, type Principal } from "./principal.ts";
import { hashToken } from "./secrets.ts";

export type KeyRow = {
  readonly id: string;
  readonly organisationId: string;
  readonly name: string;
  readonly prefix: string;
  readonly scopes: readonly string[];
  readonly facilityIds: readonly string[] | null;
  readonly madeBy: string;
  readonly madeAt: Date;
  readonly expiresAt: Date | null;
  readonly lastUsedAt: Date | null;
};

const ROW = {
  id: apiKeys.id,
  organisationId: apiKeys.organisationId,
  name: apiKeys.name,
  prefix: apiKeys.prefix,
  scopes: apiKeys.scopes,
  facilityIds: apiKeys.facilityIds,
  madeBy: apiKeys.madeBy,
  madeAt: apiKeys.madeAt,
  expiresAt: apiKeys.expiresAt,
  lastUsedAt: apiKeys.lastUsedAt,
};

/** That it was used is written at most this often. */
const USED_EVERY_MS = 60_000;

/** The program that a key is of, as it may act now; null = the key is not good (any more). */
export async function findKey(db: Db, token: string, now: Date): Promise<Principal | null> {
  const [key] = await db
    .select(ROW)
    .from(apiKeys)
    .where(and(eq(apiKeys.keyHash, hashToken(token)), isNull(apiKeys.revokedAt)));
  if (key === undefined || (key.expiresAt !== null && key.expiresAt <= now)) return null;
  const { id, organisationId, name } = key;
  const own = eq(facilities.organisationId, organisationId);
  const named = key.facilityIds === null ? undefined : inArray(facilities.id, key.facilityIds);
  const rows = await db.select({ id: facilities.id }).from(facilities).where(and(own, named));
  const before = new Date(now.getTime() - USED_EVERY_MS);
  if (key.lastUsedAt === null || key.lastUsedAt <= before) await writeUse(db, id, now, before);
  return {
    kind: "key",
    role: "staff",
    actorId: id,
    name,
    email: null,
    organisationId,
    facilityIds: rows.map((row) => row.id),
    keyScopes: key.scopes.filter(isScope),
    signInId: null,
  };
}

function isScope(scope: string): scope is KeyScope {
  return KEY_SCOPES.some((each) => each === scope);
}

/** Of many processes one writes. */
async function writeUse(db: Db, id: string, now: Date, before: Date): Promise<void> {
  const due = or(isNull(apiKeys.lastUsedAt), lt(apiKeys.lastUsedAt, before), eq(apiKeys.lastUsedAt, before));
  await db
    .update(apiKeys)
    .set({ lastUsedAt: now })
    .where(and(eq(apiKeys.id, id), due));
}

/** Those that were not revoked, the newest first, one more than asked for. */
export async function listKeys(
  db: Db,
  page: {
    readonly organisationId: string | undefined;
    readonly after: { readonly madeAt: string; readonly id: string } | null;
    readonly limit: number;
  },
): Promise<readonly KeyRow[]> {
  const { organisationId, after, limit } = page;
  return await db
    .select(ROW)
    .from(apiKeys)
    .where(
      and(
        isNull(apiKeys.revokedAt),
        organisationId === undefined ? undefined : eq(apiKeys.organisationId, organisationId),
        after === null
          ? undefined
          : sql`(${apiKeys.madeAt}, ${apiKeys.id}) < (${after.madeAt}::timestamptz, ${after.id}::uuid)`,
      ),
    )
    .orderBy(desc(apiKeys.madeAt), desc(apiKeys.id))
    .limit(limit + 1);
}

/** @returns how many keys an organisation has that were not revoked. */
export async function countKeys(tx: Tx, organisationId: string): Promise<number> {
  const [row] = await tx
    .select({ keys: count() })
    .from(apiKeys)
    .where(and(eq(apiKeys.organisationId, organisationId), isNull(apiKeys.revokedAt)));
  return row?.keys ?? 0;
}

export async function insertKey(
  tx: Tx,
  key: Omit<KeyRow, "lastUsedAt"> & { readonly keyHash: Buffer },
): Promise<void> {
  const facilityIds = key.facilityIds === null ? null : [...key.facilityIds];
  await tx.insert(apiKeys).values({ ...key, scopes: [...key.scopes], facilityIds });
}

/**
 * Takes a key away.
 *
 * @param organisationId null = whosesoever it is.
 * @returns its hash; null = there is no such key (any more).
 */
export async function revokeKey(
  tx: Tx,
  id: string,
  organisationId: string | null,
  now: Date,
): Promise<{ readonly keyHash: Buffer; readonly organisationId: string; readonly name: string } | null> {
  const own = organisationId === null ? undefined : eq(apiKeys.organisationId, organisationId);
  const [revoked] = await tx
    .update(apiKeys)
    .set({ revokedAt: now })
    .where(and(eq(apiKeys.id, id), isNull(apiKeys.revokedAt), own))
    .returning({ keyHash: apiKeys.keyHash, organisationId: apiKeys.organisationId, name: apiKeys.name });
  return revoked ?? null;
}
