import { and, desc, eq, isNull, sql } from "drizzle-orm";
import { liveStateSchema } from "@parkme/shared/protocol/downlink";
import type { IncidentView, LinkEdge, LinkView } from "./link-contract.ts";
import type { Db, Tx } from "../db/connection.ts";
import { edgeEvents, edges } from "../db/schema.ts";
import { edgeEpochs, edgeForks, edgeKeys, edgeLive, syncIncidents } from "../db/sync-schema.ts";

const SHOWN = 50;

/** How a facility's gate and the cloud stand with each other, from one moment of the database. */
export async function readLink(db: Db, facilityId: string, now: Date): Promise<LinkView> {
  return await db.transaction(
    async (tx) => {
      const edge = await readEdge(tx, facilityId);
      const its = edge === null ? NOTHING : await readLog(tx, edge.id);
      return {
        at: now.toISOString(),
        edge,
        live: await readLive(tx, facilityId),
        incidents: await readIncidents(tx, facilityId),
        ...its,
      };
    },
    { isolationLevel: "repeatable read", accessMode: "read only" },
  );
}

type OfLog = Pick<LinkView, "restores" | "quarantine" | "quarantined" | "forks">;
const NOTHING: OfLog = { restores: [], quarantine: [], quarantined: 0, forks: 0 };

async function readEdge(tx: Tx, facilityId: string): Promise<LinkEdge | null> {
  const key = and(eq(edgeKeys.edgeId, edges.id), isNull(edgeKeys.revokedAt));
  const rows = await tx
    .select({ edge: edges, key: edgeKeys })
    .from(edges)
    .leftJoin(edgeKeys, key)
    .where(eq(edges.facilityId, facilityId))
    // One that another has replaced comes last.
    .orderBy(
      sql`(${edgeKeys.id} is null and ${edges.tokenHash} is null), ${edges.lastSeenAt} desc nulls last`,
    )
    .limit(1);
  const found = rows[0];
  if (found === undefined) return null;
  const { edge, key: inForce } = found;
  return {
    id: edge.id,
    credential:
      inForce !== null ? "key" : edge.tokenHash === null || edge.tokenRevokedAt !== null ? "none" : "token",
    box: inForce?.name ?? null,
    enrolled_at: inForce?.enrolledAt.toISOString() ?? null,
    version: edge.version,
    epoch: edge.epoch,
    seq: edge.cursor,
    waiting: edge.waiting,
    last_seen_at: edge.lastSeenAt?.toISOString() ?? null,
    behind_seconds: Math.round(edge.behindMs / 1_000),
    clock_offset_ms: edge.clockOffsetMs,
    manifest: edge.manifestVersion,
  };
}

async function readLog(tx: Tx, edgeId: string): Promise<OfLog> {
  const restores = await tx
    .select()
    .from(edgeEpochs)
    .where(eq(edgeEpochs.edgeId, edgeId))
    .orderBy(desc(edgeEpochs.epoch))
    .limit(SHOWN);
  // The partial index has what was not applied: few, unless somebody sends nonsense.
  const bad = and(eq(edgeEvents.edgeId, edgeId), sql`${edgeEvents.outcome} <> 'applied'`);
  const quarantined = and(bad, eq(edgeEvents.outcome, "quarantined"));
  const quarantine = await tx
    .select()
    .from(edgeEvents)
    .where(quarantined)
    .orderBy(desc(edgeEvents.seq))
    .limit(SHOWN);
  return {
    restores: restores.map(({ epoch, parentSeq, reason, begunAt }) => ({
      epoch,
      parent_seq: parentSeq,
      reason,
      at: begunAt.toISOString(),
    })),
    quarantine: quarantine.map(({ seq, kind, error, receivedAt }) => ({
      seq,
      kind,
      error: error ?? "",
      at: receivedAt.toISOString(),
    })),
    quarantined: await tx.$count(edgeEvents, quarantined),
    forks: await tx.$count(edgeForks, eq(edgeForks.edgeId, edgeId)),
  };
}

async function readLive(tx: Tx, facilityId: string): Promise<LinkView["live"]> {
  const rows = await tx.select().from(edgeLive).where(eq(edgeLive.facilityId, facilityId));
  const found = rows[0];
  if (found === undefined) return null;
  const state = liveStateSchema.safeParse(found.state);
  // What an older version has kept may lack something.
  return state.success ? { at: found.at.toISOString(), state: state.data } : null;
}

async function readIncidents(tx: Tx, facilityId: string): Promise<IncidentView[]> {
  const rows = await tx
    .select()
    .from(syncIncidents)
    .where(eq(syncIncidents.facilityId, facilityId))
    .orderBy(sql`(${syncIncidents.seenAt} is not null)`, desc(syncIncidents.lastAt), desc(syncIncidents.id))
    .limit(SHOWN);
  return rows.map(({ id, kind, detail, count, at, lastAt, seenAt, seenBy }) => ({
    id,
    kind,
    detail,
    count,
    at: at.toISOString(),
    last_at: lastAt.toISOString(),
    seen: seenAt === null ? null : { at: seenAt.toISOString(), by: seenBy ?? "" },
  }));
}
