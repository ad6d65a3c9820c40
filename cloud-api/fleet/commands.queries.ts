import { and, desc, eq, exists, isNotNull, isNull, or, sql } from "drizzle-orm";
import {
  MAX_COMMANDS_SHOWN,
  REMOTE_ACTS,
  signedCommandText,
  type CommandView,
  type NewCommand,
} from "@parkme/shared/protocol/downlink";
import { COMMAND_OUTCOMES } from "@parkme/shared/protocol/link-facts";
import type { EventPayload } from "@parkme/shared/protocol/sync";
import type { Db, Tx } from "../db/connection.ts";
import { edges } from "../db/schema.ts";
import { edgeKeys, remoteCommands } from "../db/sync-schema.ts";
import { asText } from "../db/text.ts";
import { signingKey } from "./cloud-keys.queries.ts";
import { appendDownlink, lockDownlink } from "./downlink.queries.ts";

export type CommandRequest = {
  readonly commandId: string;
  readonly facilityId: string;
  /** What the person is called who gives it. */
  readonly actor: string;
  readonly command: NewCommand;
};

export type Issued =
  | { readonly kind: "issued"; readonly command: CommandView }
  /** The facility has no edge that could do it. */
  | { readonly kind: "no_edge" }
  /** The id is another command's. */
  | { readonly kind: "key_reused" };

const MAX_ACTOR = 50;

/**
 * Issues a command: its row and its signed item of the downlink commit together. The same request again changes
 * nothing, and tells how it stands.
 */
export async function issueCommand(db: Db, request: CommandRequest, now: Date): Promise<Issued> {
  const { commandId, facilityId } = request;
  const key = await signingKey(db);
  return await db.transaction(async (tx) => {
    // Locked first: the same request twice at the same moment is one after the other.
    await lockDownlink(tx, facilityId);
    const known = (await tx.select().from(remoteCommands).where(eq(remoteCommands.id, commandId)))[0];
    const wanted = rowOf(request, now);
    if (known !== undefined)
      return isSame(known, wanted) ? { kind: "issued", command: viewOf(known, now) } : { kind: "key_reused" };
    const epoch = await epochOfEdge(tx, facilityId);
    if (epoch === null) return { kind: "no_edge" };
    const [row] = await tx
      .insert(remoteCommands)
      .values({ ...wanted, epoch })
      .onConflictDoNothing()
      .returning();
    // Another facility's, at the same moment.
    if (row === undefined) return { kind: "key_reused" };
    const unsigned = {
      command_id: row.id,
      facility_id: facilityId,
      act: request.command.act,
      lane: row.lane,
      ticket_number: row.ticketNumber,
      actor: row.actor,
      reason: row.reason,
      issued_at: row.issuedAt.toISOString(),
      expires_at: row.expiresAt.toISOString(),
      epoch,
    };
    const signature = key.sign(signedCommandText(unsigned));
    await appendDownlink(tx, facilityId, "command", { ...unsigned, signature }, now);
    return { kind: "issued", command: viewOf(row, now) };
  });
}

type CommandRow = typeof remoteCommands.$inferSelect;
type WantedRow = Omit<typeof remoteCommands.$inferInsert, "epoch">;

function rowOf({ commandId, facilityId, actor, command }: CommandRequest, now: Date) {
  const { act, lane, ticket_number, reason, deadline_s } = command;
  return {
    id: commandId,
    facilityId,
    act,
    lane,
    ticketNumber: ticket_number === null ? null : asText(ticket_number),
    actor: asText(actor.slice(0, MAX_ACTOR)),
    reason: asText(reason),
    issuedAt: now,
    expiresAt: new Date(now.getTime() + deadline_s * 1_000),
  } satisfies WantedRow;
}

function isSame(known: CommandRow, wanted: WantedRow): boolean {
  return (["facilityId", "act", "lane", "ticketNumber", "reason"] as const).every(
    (name) => known[name] === wanted[name],
  );
}

/** The history that the log of the facility's edge is in; null = there is no edge that may speak. */
async function epochOfEdge(tx: Tx, facilityId: string): Promise<number | null> {
  const inForce = tx
    .select({ id: edgeKeys.id })
    .from(edgeKeys)
    .where(and(eq(edgeKeys.edgeId, edges.id), isNull(edgeKeys.revokedAt)));
  const byToken = and(isNotNull(edges.tokenHash), isNull(edges.tokenRevokedAt));
  const rows = await tx
    .select({ epoch: edges.epoch })
    .from(edges)
    .where(and(eq(edges.facilityId, facilityId), or(byToken, exists(inForce))))
    .orderBy(sql`${edges.lastSeenAt} desc nulls last`)
    .limit(1);
  return rows[0]?.epoch ?? null;
}

/** A facility's commands, newest first. */
export async function listCommands(db: Db, facilityId: string, now: Date): Promise<CommandView[]> {
  const rows = await db
    .select()
    .from(remoteCommands)
    .where(eq(remoteCommands.facilityId, facilityId))
    .orderBy(desc(remoteCommands.issuedAt), desc(remoteCommands.id))
    .limit(MAX_COMMANDS_SHOWN);
  return rows.map((row) => viewOf(row, now));
}

/** An answer may still be on its way for so long after the deadline. */
const ANSWER_MS = 60_000;

function viewOf(row: CommandRow, now: Date): CommandView {
  const over = now.getTime() > row.expiresAt.getTime() + ANSWER_MS;
  return {
    command_id: row.id,
    act: known(REMOTE_ACTS, row.act),
    lane: row.lane,
    ticket_number: row.ticketNumber,
    actor: row.actor,
    reason: row.reason,
    issued_at: row.issuedAt.toISOString(),
    expires_at: row.expiresAt.toISOString(),
    status: row.outcome === null ? (over ? "no_answer" : "waiting") : known(COMMAND_OUTCOMES, row.outcome),
    detail: row.detail,
    answered_at: row.answeredAt?.toISOString() ?? null,
  };
}

function known<T extends string>(all: readonly T[], text: string): T {
  const found = all.find((each) => each === text);
  if (found === undefined) throw new Error(`a command's row says ${text}`);
  return found;
}

/**
 * What the edge says became of commands, in the order of its log; the first answer to each holds, and those to
 * commands that we do not know (any more) are nothing.
 */
export async function answerCommands(
  tx: Tx,
  facilityId: string,
  facts: readonly EventPayload<"command.answered">[],
): Promise<void> {
  if (facts.length === 0) return;
  const first = new Map<string, object>();
  for (const { command_id, outcome, detail, at } of facts) {
    const id = command_id.toLowerCase();
    if (!first.has(id)) first.set(id, { id, outcome, detail: asText(detail), at });
  }
  const rows = JSON.stringify([...first.values()]);
  await tx.execute(sql`
    update remote_commands c set outcome = r.outcome, detail = r.detail, answered_at = r.at
    from json_to_recordset(${rows}::json) as r(id uuid, outcome text, detail text, at timestamptz)
    where c.id = r.id and c.facility_id = ${facilityId} and c.outcome is null`);
}
