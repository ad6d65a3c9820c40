import type { Hello, LogRefusal, NewEpoch } from "@parkme/shared/protocol/log";
import { type Client, transact, type Db, type Tx } from "../db/connection.ts";
import { raiseDownlinkAbove } from "./downlink.queries.ts";
import {
  beginEpoch,
  claimEdge,
  isFormerBoot,
  lockEdge,
  noteHello,
  noteNewBoot,
  parentOf,
  readHashes,
  type LockedEdge,
} from "./edge-log.queries.ts";
import { judge, placesUpTo, type Judgement } from "./hello-rules.ts";
import { raiseIncident, type IncidentKind } from "./incidents.queries.ts";
import type { Edge } from "./queries.ts";

/** How edges begin to talk, and begin again. See shared/protocol/log. */

type Refused = { readonly kind: "refused"; readonly refusal: LogRefusal };

export type HelloOutcome = ({ readonly kind: "heard" } & Judgement) | Refused;

/**
 * Hears an edge's hello: who speaks for it from now on, and what its log and ours have in common. Numbers that the edge
 * has seen of ours are not given again, though we may have forgotten them.
 */
export async function hear(db: Db, edge: Edge, hello: Hello, now: Date): Promise<HelloOutcome> {
  return await transact(db, async (tx, client): Promise<HelloOutcome> => {
    const at = await lockEdge(client, edge.id);
    const fenced = await fence({ tx, client, edge, now }, at, { bootId: hello.boot_id, isHello: true });
    if (fenced !== null) return fenced;
    const seqs = placesUpTo(at, hello).map(({ seq }) => seq);
    const { epoch, seq, hash } = at;
    const judgement = judge({ epoch, seq, hash }, hello, await readHashes(client, edge.id, seqs));
    await raiseDownlinkAbove(tx, edge.facilityId, hello.downlink);
    await noteHello(client, edge.id, hello, now);
    for (const incident of incidentsOf(judgement, hello)) {
      const { facilityId, id: edgeId } = edge;
      await raiseIncident(tx, { facilityId, edgeId, ...incident }, now);
    }
    return { kind: "heard", ...judgement };
  });
}

type Talk = { readonly tx: Tx; readonly client: Client; readonly edge: Edge; readonly now: Date };

type Speaker = { readonly bootId: string; readonly isHello: boolean };

/**
 * A program that we hear for the first time speaks for the edge: it has just started, or it said so in a time that we
 * do not remember. A hello alone does not take another's place: it may have been under way for long, and whoever said it
 * be dead. What is said next shows that our answer was heard. One whose place was taken stays out until it is started
 * anew.
 */
export async function fence(
  { tx, client, edge, now }: Talk,
  at: Pick<LockedEdge, "bootId">,
  { bootId, isHello }: Speaker,
): Promise<Refused | null> {
  if (bootId === at.bootId) return null;
  if (await isFormerBoot(client, edge.id, bootId)) {
    const detail = `program ${bootId} still speaks, though another has taken its place`;
    await raiseIncident(tx, { facilityId: edge.facilityId, edgeId: edge.id, kind: "fenced", detail }, now);
    return { kind: "refused", refusal: { code: "fenced" } };
  }
  if (isHello && at.bootId !== null) await noteNewBoot(client, edge.id, bootId, now);
  else await claimEdge(client, edge.id, bootId, now);
  return null;
}

function incidentsOf(
  { verdict, head, common }: Judgement,
  hello: Hello,
): readonly { readonly kind: IncidentKind; readonly detail: string }[] {
  const restored = {
    kind: "cloud_restored",
    detail: `lines up to ${hello.acked} were acknowledged, and ours end at ${head.seq}`,
  } as const;
  const behind = {
    kind: "edge_restored",
    detail: `its log has ours up to line ${common.seq}, and ours ends at ${head.seq}`,
  } as const;
  return [...(hello.acked > head.seq ? [restored] : []), ...(verdict === "adopt" ? [behind] : [])];
}

export type EpochOutcome = { readonly kind: "begun" } | Refused;

/** Numbers of histories rise by one for each restore; they must not run out. */
const MAX_STEP = 1_000_000;

/** Begins a new history behind the end of the log. Sent again, it changes nothing. */
export async function startEpoch(
  db: Db,
  edge: Edge,
  { epoch, parent, boot_id, reason }: NewEpoch,
  now: Date,
): Promise<EpochOutcome> {
  const refused = (refusal: LogRefusal): Refused => ({ kind: "refused", refusal });
  return await transact(db, async (tx, client): Promise<EpochOutcome> => {
    const at = await lockEdge(client, edge.id);
    const known = await parentOf(client, edge.id, epoch);
    if (known !== null && known.seq === parent.seq && known.hash === parent.hash) return { kind: "begun" };
    const fenced = await fence({ tx, client, edge, now }, at, { bootId: boot_id, isHello: false });
    if (fenced !== null) return fenced;
    if (epoch <= at.epoch || epoch > at.epoch + MAX_STEP)
      return refused({ code: "old_epoch", epoch: at.epoch });
    if (parent.seq !== at.seq) return refused({ code: "sync_gap", expected: at.seq + 1 });
    if (at.hash !== null && parent.hash !== at.hash)
      return refused({ code: "sync_fork", seq: Math.max(1, at.seq) });
    const { seq: parentSeq, hash: parentHash } = parent;
    await beginEpoch(client, edge.id, { epoch, parentEpoch: at.epoch, parentSeq, parentHash, reason }, now);
    const { facilityId, id: edgeId } = edge;
    const detail = `epoch ${epoch} begins behind line ${parentSeq}: ${reason}`;
    await raiseIncident(tx, { facilityId, edgeId, kind: "edge_restored", detail }, now);
    return { kind: "begun" };
  });
}
