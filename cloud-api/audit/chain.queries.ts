import { and, asc, eq, gt, inArray, isNotNull, isNull, sql } from "drizzle-orm";
import type { Db, Tx } from "../db/connection.ts";
import { auditEntries } from "../db/platform-schema.ts";
import type { Job } from "../platform/job.ts";
import {
  FIRST_PREVIOUS,
  follow,
  hashEntry,
  type ChainedEntry,
  type ChainFault,
  type ChainState,
} from "./rules.ts";

const AT_ONCE = 1_000;

export const AUDIT_CHAIN_JOB: Job = {
  name: "audit.chain",
  everySeconds: 1,
  run: async ({ db }) => await chainEntries(db),
};

/**
 * Gives entries that have none their places in the chains of their tenants, in the order in which they were written. One
 * at a time: the first row of the lock decides, and the index of places refuses a second.
 *
 * @returns how many.
 */
export async function chainEntries(db: Db): Promise<number> {
  return await db.transaction(async (tx) => {
    const loose = await tx
      .select()
      .from(auditEntries)
      .where(isNull(auditEntries.seq))
      .orderBy(asc(auditEntries.ordinal))
      .limit(AT_ONCE)
      .for("update");
    if (loose.length === 0) return 0;
    const heads = await headsOf(tx, [...new Set(loose.map(({ organisationId }) => organisationId))]);
    const chained = loose.map((entry) => {
      const before = heads.get(entry.organisationId) ?? { seq: 0, hash: FIRST_PREVIOUS };
      const seq = before.seq + 1;
      const hash = hashEntry(before.hash, { ...entry, seq });
      heads.set(entry.organisationId, { seq, hash });
      const { organisationId, ordinal } = entry;
      return {
        organisation_id: organisationId,
        ordinal,
        seq,
        previous: before.hash.toString("hex"),
        hash: hash.toString("hex"),
      };
    });
    await tx.execute(sql`
      update audit_entries a set seq = c.seq, previous_hash = decode(c.previous, 'hex'), hash = decode(c.hash, 'hex')
      from json_to_recordset(${JSON.stringify(chained)}::json)
        as c(organisation_id uuid, ordinal bigint, seq bigint, previous text, hash text)
      where a.organisation_id = c.organisation_id and a.ordinal = c.ordinal`);
    return chained.length;
  });
}

/** The ends of chains; a tenant without entries has none. */
async function headsOf(tx: Tx, organisationIds: readonly string[]): Promise<Map<string, ChainState>> {
  const rows = await tx
    .selectDistinctOn([auditEntries.organisationId], {
      organisationId: auditEntries.organisationId,
      seq: auditEntries.seq,
      hash: auditEntries.hash,
    })
    .from(auditEntries)
    .where(and(inArray(auditEntries.organisationId, [...organisationIds]), isNotNull(auditEntries.seq)))
    .orderBy(auditEntries.organisationId, sql`${auditEntries.seq} desc`);
  return new Map(
    rows.map(({ organisationId, seq, hash }) => [
      organisationId,
      { seq: seq ?? 0, hash: hash ?? FIRST_PREVIOUS },
    ]),
  );
}

export type ChainReport = {
  readonly length: number;
  /** Of the last entry; whoever keeps it elsewhere sees when the end was cut off. */
  readonly head: string;
  readonly fault: ChainFault | null;
};

/** Reads a tenant's chain from its beginning. */
export async function verifyChain(db: Db | Tx, organisationId: string): Promise<ChainReport> {
  let state: ChainState = { seq: 0, hash: FIRST_PREVIOUS };
  for (;;) {
    const entries = await db
      .select()
      .from(auditEntries)
      .where(and(eq(auditEntries.organisationId, organisationId), gt(auditEntries.seq, state.seq)))
      .orderBy(asc(auditEntries.seq))
      .limit(AT_ONCE);
    if (entries.length === 0) return { length: state.seq, head: state.hash.toString("hex"), fault: null };
    for (const entry of entries) {
      const chained: ChainedEntry = { ...entry, seq: entry.seq ?? 0 };
      const next: ChainFault | ChainState = follow(state, { ...entry, ...chained });
      if ("why" in next) return { length: state.seq, head: state.hash.toString("hex"), fault: next };
      state = next;
    }
  }
}
