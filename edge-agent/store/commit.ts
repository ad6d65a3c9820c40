import { eq, sql } from "drizzle-orm";
import type { Now } from "@parkme/shared/domain/clock";
import type { Credit, GateRecord, LaneCommand, LaneRead } from "@parkme/shared/domain/gate-record";
import type { CommandId } from "@parkme/shared/domain/ids";
import type { LogWriter } from "./log.ts";
import type { GateDatabase } from "./open.ts";
import { createRecordWriter, type RecordOptions } from "./records.ts";
import { commands, lanes, plateReads, stays } from "./schema.ts";
import { inserter } from "./statements.ts";

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

/** What happened at a place that is no lane. */
export type PlaceRecords = { readonly place: string; readonly records: readonly GateRecord[] };

export type Commit = {
  readonly commit: (turn: Turn) => void;
  readonly record: (what: PlaceRecords, now: Now) => void;
};

export type CommitOptions = RecordOptions & {
  readonly epoch: number;
  readonly writeLog: LogWriter;
  /** False while there is no room for what the gate can do without. */
  readonly keepsReads: () => boolean;
};

/**
 * Prepares the one write path of the gate: lane, stay, ticket, money, command and log row commit together or
 * not at all, and are on the disk when the returned functions return. They throw when the disk refuses.
 */
export function createCommit(db: GateDatabase, options: CommitOptions): Commit {
  const { writeLog } = options;
  const writeRecord = createRecordWriter(db, options);
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

  const writeRecords = (records: readonly GateRecord[], at: Parameters<typeof writeRecord>[1]): void => {
    for (const record of records) {
      if (isOutdated(record)) continue;
      const fact = writeRecord(record, at);
      if (fact !== null) writeLog(fact, at.wallMs);
    }
  };
  const write = (turn: Turn): void => {
    const { lane, state, now } = turn;
    if (options.keepsReads()) for (const read of turn.reads) insertRead(readRow(lane, read));
    writeRecords(turn.records, { lane, state, wallMs: now.wallMs });
    for (const { id, action } of turn.commands) {
      insertCommand({ id, lane, action, epoch: options.epoch, issuedAt: now.wallMs });
    }
    for (const { commandId, outcome } of turn.outcomes) setOutcome.run({ id: commandId, outcome });
    const credit = turn.credit === null ? null : JSON.stringify(turn.credit);
    upsertLane.run({ lane, state, credit, updatedAt: now.wallMs });
  };
  return {
    commit: (turn) => {
      db.transaction(() => write(turn), { behavior: "immediate" });
    },
    record: ({ place, records }, { wallMs }) => {
      db.transaction(() => writeRecords(records, { lane: place, state: "", wallMs }), {
        behavior: "immediate",
      });
    },
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
