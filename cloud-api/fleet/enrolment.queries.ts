import { and, desc, eq, gt, isNull, lt, ne, or, sql } from "drizzle-orm";
import type { Db, Tx } from "../db/connection.ts";
import { edges, facilities } from "../db/schema.ts";
import { edgeBoots, edgeKeys, edgeTokens, enrolmentCodes } from "../db/sync-schema.ts";
import type { FacilityName } from "../facilities/queries.ts";

const FACILITY = { id: facilities.id, slug: facilities.slug, name: facilities.name };

/** How long a code that is over is still known, for a person who wonders which edge it enrolled. */
const CODE_MEMORY_MS = 7 * 86_400_000;

type NewCode = {
  readonly codeHash: Buffer;
  readonly facilityId: string;
  readonly madeBy: string;
  readonly expiresAt: Date;
};

/** Keeps a code. There is one at a time for a facility: those before it that nobody has used are void. */
export async function keepCode(db: Db, code: NewCode, now: Date): Promise<void> {
  await db.transaction(async (tx) => {
    await tx
      .delete(enrolmentCodes)
      .where(
        or(
          and(eq(enrolmentCodes.facilityId, code.facilityId), isNull(enrolmentCodes.usedAt)),
          lt(enrolmentCodes.expiresAt, new Date(now.getTime() - CODE_MEMORY_MS)),
        ),
      );
    await tx.insert(enrolmentCodes).values({ ...code, madeAt: now });
  });
}

type CodeUse = { readonly codeHash: Buffer; readonly facilityId: string; readonly keyId: string };

/** Uses a code up. Of several who try at the same moment one is told true: the others wait, and find it used. */
export async function useCode(tx: Tx, { codeHash, facilityId, keyId }: CodeUse, now: Date): Promise<boolean> {
  const used = await tx
    .update(enrolmentCodes)
    .set({ usedAt: now, usedBy: keyId })
    .where(
      and(
        eq(enrolmentCodes.codeHash, codeHash),
        eq(enrolmentCodes.facilityId, facilityId),
        isNull(enrolmentCodes.usedAt),
        gt(enrolmentCodes.expiresAt, now),
      ),
    )
    .returning({ facilityId: enrolmentCodes.facilityId });
  return used.length > 0;
}

/** A code that is not over: whose it is, and the key that it enrolled. */
export type OpenCode = {
  readonly facility: FacilityName;
  readonly used: boolean;
  readonly key: KeyInForce | null;
};

export type KeyInForce = { readonly id: string; readonly edgeId: string; readonly publicKey: Buffer };

/** @returns null when there is no such code, or it is over. `key` is null when it counts no more. */
export async function findCode(tx: Tx, codeHash: Buffer, now: Date): Promise<OpenCode | null> {
  const [found] = await tx
    .select({
      facility: FACILITY,
      usedAt: enrolmentCodes.usedAt,
      key: { id: edgeKeys.id, edgeId: edgeKeys.edgeId, publicKey: edgeKeys.publicKey },
    })
    .from(enrolmentCodes)
    .innerJoin(facilities, eq(facilities.id, enrolmentCodes.facilityId))
    .leftJoin(edgeKeys, and(eq(edgeKeys.id, enrolmentCodes.usedBy), isNull(edgeKeys.revokedAt)))
    .where(and(eq(enrolmentCodes.codeHash, codeHash), gt(enrolmentCodes.expiresAt, now)));
  return found === undefined ? null : { ...found, used: found.usedAt !== null };
}

/** The edge of a facility, with what it signs in with until now. */
export type FormerEdge = {
  readonly id: string;
  /** It has a token of provisioning that counts, and has used it. */
  readonly byToken: boolean;
  readonly key: { readonly name: string; readonly publicKey: Buffer } | null;
};

/**
 * The edge that a facility's log is of: it goes on with whatever box enrols. Enrolments of one facility go one after
 * another to the end of the transaction.
 *
 * @returns null when the facility has none yet.
 */
export async function lockEdgeOf(tx: Tx, facilityId: string): Promise<FormerEdge | null> {
  await tx.execute(sql`select pg_advisory_xact_lock(${ENROLMENT_LOCK}, hashtext(${facilityId}))`);
  const [found] = await tx
    .select({
      id: edges.id,
      byToken: sql<boolean>`${edges.tokenHash} is not null and ${edges.tokenRevokedAt} is null
        and ${edges.lastSeenAt} is not null`,
      key: { name: edgeKeys.name, publicKey: edgeKeys.publicKey },
    })
    .from(edges)
    .leftJoin(edgeKeys, and(eq(edgeKeys.edgeId, edges.id), isNull(edgeKeys.revokedAt)))
    .where(eq(edges.facilityId, facilityId))
    .orderBy(
      desc(sql`(${edges.tokenHash} is not null or ${edgeKeys.id} is not null)`),
      sql`${edges.lastSeenAt} desc nulls last`,
      desc(edges.id),
    )
    .limit(1);
  return found ?? null;
}

/** The first half of the advisory locks that enrolments take; the other is the facility's. */
const ENROLMENT_LOCK = 4_711_003;

export async function addEdge(tx: Tx, id: string, facilityId: string): Promise<void> {
  await tx.insert(edges).values({ id, facilityId });
}

/** Takes an edge's key and token away: from the next request on they count no more. @returns whether it had any. */
export async function revokeEdge(tx: Db | Tx, edgeId: string, by: string, now: Date): Promise<boolean> {
  const keys = await tx
    .update(edgeKeys)
    .set({ revokedAt: now, revokedBy: by })
    .where(and(eq(edgeKeys.edgeId, edgeId), isNull(edgeKeys.revokedAt)))
    .returning({ id: edgeKeys.id });
  const tokens = await tx
    .update(edges)
    .set({ tokenRevokedAt: now })
    .where(and(eq(edges.id, edgeId), sql`${edges.tokenHash} is not null`, isNull(edges.tokenRevokedAt)))
    .returning({ id: edges.id });
  return keys.length + tokens.length > 0;
}

type NewKey = {
  readonly id: string;
  readonly edgeId: string;
  readonly publicKey: Buffer;
  readonly name: string;
};

/**
 * The key that an edge signs in with from now on, once the former is revoked. Whatever programs spoke for the edge can
 * only do so again with this key: none of them is shut out for what it was. Tokens that are over are forgotten.
 */
export async function addKey(tx: Tx, key: NewKey, now: Date): Promise<void> {
  await tx.insert(edgeKeys).values({ ...key, enrolledAt: now });
  await tx.delete(edgeBoots).where(eq(edgeBoots.edgeId, key.edgeId));
  await tx.delete(edgeTokens).where(and(lt(edgeTokens.expiresAt, now), ne(edgeTokens.keyId, key.id)));
}
