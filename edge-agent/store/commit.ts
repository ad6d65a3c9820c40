import { and, eq, sql } from "drizzle-orm";
import type { Now } from "@parkme/shared/domain/clock";
import type { Credit, GateRecord, LaneCommand, LaneRead } from "@parkme/shared/domain/gate-record";
import type { CommandId, EventId, IdMint } from "@parkme/shared/domain/ids";
import { plateShape } from "@parkme/shared/domain/plate";
import type { Currency } from "@parkme/shared/domain/money";
import type { SyncFact } from "@parkme/shared/protocol/sync";
import type { GateDatabase } from "./open.ts";
import {
  agentState,
  alarms,
  commands,
  lanes,
  log,
  movements,
  payments,
  plateReads,
  resets,
  stays,
  tickets,
  vends,
} from "./schema.ts";
import { inserter } from "./statements.ts";
import { factsOf, SCHEMA_VERSION } from "./log.ts";

/** Everything one event changed at one lane. */
export type Turn = {
  readonly lane: string;
  readonly state: string;
  readonly now: Now;
  readonly records: readonly GateRecord[];
  readonly commands: readonly LaneCommand[];
  readonly reads: readonly LaneRead[];
  /** Answers to earlier commands, written along. */
  readonly outcomes: readonly CommandAnswer[];
  /** The credit a restart would have to resolve. */
  readonly credit: Credit | null;
};

export type CommandAnswer = {
  readonly commandId: CommandId;
  readonly outcome: "done" | "refused" | "silent";
};

export type CommitOptions = { readonly epoch: number; readonly currency: Currency; readonly mint: IdMint };

/**
 * Prepares the one write path of the gate: lane, stay, ticket, money, command and log row commit together or
 * not at all, and are on the disk when the returned function returns. It throws when the disk refuses.
 */
export function createCommit(db: GateDatabase, options: CommitOptions): (turn: Turn) => void {
  const writeRecord = recordWriter(db, options.currency);
  const writeLog = logWriter(db, options.mint);
  const isOutdated = outdatedCheck(db);
  const insertCommand = inserter(db, commands);
  const insertRead = inserter(db, plateReads, "ignore");
  const setOutcome = db
    .update(commands)
    .set({ outcome: sql`${sql.placeholder("outcome")}` })
    .where(eq(commands.id, sql.placeholder("id")))
    .prepare();
  const upsertLane = db
    .insert(lanes)
    .values({
      lane: sql.placeholder("lane"),
      state: sql.placeholder("state"),
      credit: sql.placeholder("credit"),
      updatedAt: sql.placeholder("updatedAt"),
    })
    .onConflictDoUpdate({
      target: lanes.lane,
      set: { state: sql`excluded.state`, credit: sql`excluded.credit`, updatedAt: sql`excluded.updated_at` },
    })
    .prepare();

  const write = (turn: Turn): void => {
    const { lane, state, now } = turn;
    for (const read of turn.reads) insertRead(readRow(lane, read));
    for (const record of turn.records) {
      if (isOutdated(record)) continue;
      writeRecord(record, turn);
      for (const fact of factsOf(record, { lane, wallMs: now.wallMs, currency: options.currency }))
        writeLog(fact, now.wallMs);
    }
    for (const { id, action } of turn.commands) {
      insertCommand({ id, lane, action, epoch: options.epoch, issuedAt: now.wallMs });
    }
    for (const { commandId, outcome } of turn.outcomes) setOutcome.run({ id: commandId, outcome });
    const credit = turn.credit === null ? null : JSON.stringify(turn.credit);
    upsertLane.run({ lane, state, credit, updatedAt: now.wallMs });
  };
  return (turn) => {
    db.transaction(() => write(turn), { behavior: "immediate" });
  };
}

function readRow(lane: string, read: LaneRead): typeof plateReads.$inferInsert {
  const { camera, sourceId, raw, plate, confidence, imageId } = read;
  return {
    lane,
    camera,
    sourceId,
    raw,
    plate,
    confidence,
    imageId,
    claimedAt: read.claimedAtMs,
    receivedAt: read.at.wallMs,
  };
}

function logWriter(db: GateDatabase, mint: IdMint): (fact: SyncFact, wallMs: number) => void {
  const insertLog = inserter(db, log);
  return ({ kind, payload }, wallMs) => {
    insertLog({
      eventId: mint.next<EventId>(wallMs),
      kind,
      schemaVersion: SCHEMA_VERSION,
      wallAt: wallMs,
      payload: JSON.stringify(payload),
    });
  };
}

/**
 * A lane that was blind for long may conclude about a stay what another lane knew before: the vehicle has left,
 * and was counted in on that occasion. What is written first stands.
 */
function outdatedCheck(db: GateDatabase): (record: GateRecord) => boolean {
  const statusOf = db
    .select({ status: stays.status })
    .from(stays)
    .where(eq(stays.id, sql.placeholder("id")))
    .prepare();
  return (record) => {
    const concluded = record.type === "stay_voided" || record.type === "stay_review";
    const inferred = record.type === "movement" && record.kind === "inferred";
    if (!(concluded || inferred) || record.stayId === null) return false;
    const status = statusOf.get({ id: record.stayId })?.status;
    if (record.type === "stay_voided" || (inferred && record.direction === "in"))
      return status !== "provisional";
    return status === "closed" || status === "void";
  };
}

type Write<K extends GateRecord["type"]> = (record: Extract<GateRecord, { type: K }>, turn: Turn) => void;

function recordWriter(db: GateDatabase, currency: Currency): (record: GateRecord, turn: Turn) => void {
  const startStay = stayStarter(db);
  const move = movementWriter(db);
  const insertPayment = inserter(db, payments);
  const insertVend = inserter(db, vends);
  const insertReset = inserter(db, resets);
  const insertAlarm = inserter(db, alarms);
  const voidStay: Write<"stay_voided"> = ({ stayId }, turn) => {
    db.update(stays).set({ status: "void" }).where(eq(stays.id, stayId)).run();
    db.update(tickets).set({ voidedAt: turn.now.wallMs }).where(eq(tickets.stayId, stayId)).run();
  };
  return (record, turn) => {
    const { lane } = turn;
    const at = turn.now.wallMs;
    switch (record.type) {
      case "stay_started":
        return startStay(record, turn);
      case "stay_voided":
        return voidStay(record, turn);
      case "stay_review":
        db.update(stays).set({ review: record.review }).where(eq(stays.id, record.stayId)).run();
        return;
      case "movement":
        return move(record, turn);
      case "payment": {
        const { type: _type, paymentId: id, ...payment } = record;
        return insertPayment({ ...payment, id, lane, currency, at });
      }
      case "vend": {
        const { type: _type, ...vend } = record;
        return insertVend({ ...vend, lane, at });
      }
      case "reset":
        return insertReset({ lane, actor: record.actor, reason: record.reason, at });
      case "alarm":
        return insertAlarm({ lane, kind: record.kind, detail: record.detail, at });
      default:
        return record satisfies never;
    }
  };
}

function stayStarter(db: GateDatabase): Write<"stay_started"> {
  const insertStay = inserter(db, stays);
  const insertTicket = inserter(db, tickets);
  return ({ stay }, { lane, now }) => {
    const { stayId, plate } = stay;
    insertStay({
      id: stayId,
      status: "provisional",
      entryLane: lane,
      plate,
      plateShape: plate === null ? null : plateShape(plate),
      entryAt: stay.entryWallMs,
    });
    insertTicket({ number: stay.ticketNumber, stayId, lane, issuedAt: now.wallMs });
  };
}

function movementWriter(db: GateDatabase): Write<"movement"> {
  const insertMovement = inserter(db, movements);
  const count = db
    .update(agentState)
    .set({ inside: sql`${agentState.inside} + ${sql.placeholder("by")}` })
    .prepare();
  const openStay = db
    .update(stays)
    .set({ status: "open", review: sql`${sql.placeholder("review")}` })
    .where(and(eq(stays.id, sql.placeholder("id")), eq(stays.status, "provisional")))
    .prepare();
  const closeStay = db
    .update(stays)
    .set({
      status: "closed",
      exitAt: sql`${sql.placeholder("exitAt")}`,
      feeMinor: sql`${sql.placeholder("feeMinor")}`,
      review: sql`coalesce(${sql.placeholder("review")}, ${stays.review})`,
    })
    .where(eq(stays.id, sql.placeholder("id")))
    .prepare();
  return (record, { lane, now }) => {
    const { movementId: id, direction, kind, stayId, plate, review } = record;
    const feeMinor = record.quote?.total.amountMinor ?? null;
    insertMovement({ id, lane, direction, kind, stayId, plate, at: now.wallMs, review, feeMinor });
    count.run({ by: direction === "in" ? 1 : -1 });
    if (stayId === null) return;
    if (direction === "in") openStay.run({ id: stayId, review });
    else closeStay.run({ id: stayId, exitAt: now.wallMs, feeMinor, review });
  };
}
