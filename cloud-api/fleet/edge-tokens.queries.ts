import { and, eq, lte, sql } from "drizzle-orm";
import type { Db } from "../db/connection.ts";
import { edges, facilities } from "../db/schema.ts";
import { edgeKeys, edgeTokens } from "../db/sync-schema.ts";
import type { Edge } from "./queries.ts";

/** Whose a bearer token is, and whether it counts. */
export type FoundToken = {
  readonly edge: Edge;
  /** The key or the token was taken away. */
  readonly revoked: boolean;
  /** Null = it has no end. */
  readonly expiresAt: Date | null;
};

/**
 * Looks tokens up, by their hashes, among those of provisioning and those of enrolled edges. Every request of an edge
 * begins so: the statement is prepared, for planning it takes longer than running it.
 */
export function tokenFinder(db: Db): (tokenHash: Buffer) => Promise<FoundToken | null> {
  const tokenHash = sql.placeholder("tokenHash");
  const provisioned = db
    .select({
      edgeId: sql<string>`${edges.id}`.as("edge_id"),
      revoked: sql<boolean>`${edges.tokenRevokedAt} is not null`.as("revoked"),
      expiresAt: sql<Date | null>`null::timestamptz`.mapWith(edgeTokens.expiresAt).as("expires_at"),
    })
    .from(edges)
    .where(eq(edges.tokenHash, tokenHash));
  const fetched = db
    .select({
      edgeId: sql<string>`${edgeKeys.edgeId}`.as("edge_id"),
      revoked: sql<boolean>`${edgeKeys.revokedAt} is not null`.as("revoked"),
      expiresAt: sql<Date | null>`${edgeTokens.expiresAt}`.mapWith(edgeTokens.expiresAt).as("expires_at"),
    })
    .from(edgeTokens)
    .innerJoin(edgeKeys, eq(edgeKeys.id, edgeTokens.keyId))
    .where(eq(edgeTokens.tokenHash, tokenHash));
  const token = provisioned.unionAll(fetched).as("token");
  const edge = {
    id: edges.id,
    facilityId: facilities.id,
    facilitySlug: facilities.slug,
    organisationId: facilities.organisationId,
  };
  const statement = db
    .select({ edge, revoked: token.revoked, expiresAt: token.expiresAt })
    .from(token)
    .innerJoin(edges, eq(edges.id, token.edgeId))
    .innerJoin(facilities, eq(facilities.id, edges.facilityId))
    .prepare("find_token");
  return async (hash) => (await statement.execute({ tokenHash: hash }))[0] ?? null;
}

/** A key that was enrolled once, and whose it is. */
export type EnrolledKey = {
  readonly id: string;
  readonly edgeId: string;
  readonly facilityId: string;
  /** SubjectPublicKeyInfo. */
  readonly publicKey: Buffer;
  readonly revoked: boolean;
};

export async function findKey(db: Db, keyId: string): Promise<EnrolledKey | null> {
  const [found] = await db
    .select({
      id: edgeKeys.id,
      edgeId: edgeKeys.edgeId,
      facilityId: edges.facilityId,
      publicKey: edgeKeys.publicKey,
      revoked: sql<boolean>`${edgeKeys.revokedAt} is not null`,
    })
    .from(edgeKeys)
    .innerJoin(edges, eq(edges.id, edgeKeys.edgeId))
    .where(eq(edgeKeys.id, keyId));
  return found ?? null;
}

type NewToken = {
  readonly tokenHash: Buffer;
  readonly keyId: string;
  readonly nonce: string;
  readonly expiresAt: Date;
};

/**
 * Keeps a new token, and forgets those of the same key that are over.
 *
 * @returns false when its nonce was good for a token before.
 */
export async function keepToken(db: Db, token: NewToken, now: Date): Promise<boolean> {
  await db.delete(edgeTokens).where(and(eq(edgeTokens.keyId, token.keyId), lte(edgeTokens.expiresAt, now)));
  const kept = await db
    .insert(edgeTokens)
    .values(token)
    .onConflictDoNothing({ target: edgeTokens.nonce })
    .returning({ nonce: edgeTokens.nonce });
  return kept.length > 0;
}
