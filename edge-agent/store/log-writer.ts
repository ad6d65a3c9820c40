import { createHash } from "node:crypto";
import { asc, desc, getTableColumns, gt, isNull, lt, sql } from "drizzle-orm";
import type { EventId, IdMint } from "@parkme/shared/domain/ids";
import { GENESIS_HASH, lineOf, type LogPlace } from "@parkme/shared/protocol/log";
import { SYNC_SCHEMA_VERSION, type SyncFact } from "@parkme/shared/protocol/sync";
import { instantOf, type LogWriter } from "./log.ts";
import { linkState, log } from "./link-schema.ts";
import type { GateDatabase } from "./open.ts";
import { watchRows } from "./row-images.ts";

export type LogOptions = {
  readonly mint: IdMint;
  /** Names this run of the program. */
  readonly bootId: string;
  /** Since it began. */
  readonly monotonicMs: () => number;
  /** After every commit that wrote to the log. What it throws is nobody's: the commit stands. */
  readonly committed: (head: LogPlace) => void;
};

export type GateLog = {
  /** The database to write with: what its transactions change of the record goes into the log with them. */
  readonly db: GateDatabase;
  readonly writeLog: LogWriter;
  /** Where the log ends. */
  readonly head: () => LogPlace;
  /** A transaction of which the log is told nothing: what is put in place was in the log before. */
  readonly quietly: <T>(work: () => T) => T;
};

/** A fact that waits for the end of its transaction, with the rows that were written before it. */
type Waiting = { readonly fact: SyncFact; readonly wallMs: number; readonly rows: string[] };

/**
 * Writes the log: one row for each fact, in the transaction of what it reports, chained to the row before. Rows of the
 * record that changed without a fact of their own go with the last fact of their transaction, or in a row of the kind
 * `rows.changed`.
 */
export function createLog(file: GateDatabase, options: LogOptions): GateLog {
  beginLinkState(file);
  const readHead = headReader(file);
  chainAtStart(readHead);
  const append = lineAppender(file, options);
  let depth = 0;
  let facts: Waiting[] = [];
  /** Rows that no fact was written for yet. One that is written outside of our transactions waits for the next. */
  let rows: string[] = [];
  let lastWallMs = 0;
  let quiet = false;
  watchRows(
    file,
    (table, json, gone) => {
      rows.push(gone ? `["${table}",${json},"gone"]` : `["${table}",${json}]`);
    },
    () => !quiet,
  );

  const writeLog: LogWriter = (fact, wallMs) => {
    if (depth === 0) return db.transaction(() => writeLog(fact, wallMs), { behavior: "immediate" });
    facts.push({ fact, wallMs, rows });
    rows = [];
  };

  function flush(): LogPlace | null {
    const last = facts.at(-1);
    if (last !== undefined) last.rows.push(...rows);
    else if (rows.length > 0)
      facts.push({ fact: { kind: "rows.changed", payload: {} }, wallMs: lastWallMs || Date.now(), rows });
    if (facts.length === 0) return null;
    let place = readHead();
    for (const waiting of facts) {
      place = append(place, waiting);
      lastWallMs = waiting.wallMs;
    }
    return place;
  }

  const transaction: GateDatabase["transaction"] = (work, config) => {
    const [factsBefore, rowsBefore] = [[...facts], [...rows]];
    let place: LogPlace | null = null;
    const written = () => {
      depth += 1;
      try {
        return file.transaction((tx) => {
          const done = work(tx);
          if (depth === 1) place = flush();
          return done;
        }, config);
      } catch (error) {
        [facts, rows] = [factsBefore, rowsBefore];
        throw error;
      } finally {
        depth -= 1;
      }
    };
    const result = written();
    if (depth === 0) [facts, rows] = [[], []];
    if (place !== null) tell(options, place);
    return result;
  };
  const db = Object.assign(Object.create(file) as GateDatabase, { transaction });
  const quietly = <T>(work: () => T): T => {
    if (depth > 0) throw new Error("quiet work has a transaction of its own");
    quiet = true;
    try {
      return file.transaction(() => work(), { behavior: "immediate" });
    } finally {
      quiet = false;
    }
  };
  return { db, writeLog, head: readHead, quietly };
}

/** Adds the line of a fact to the end of the log; returns where that is then. */
function lineAppender(file: GateDatabase, { mint, bootId, monotonicMs }: LogOptions) {
  const insert = rowInserter(file);
  return ({ epoch, seq: lastSeq, hash: previous }: LogPlace, { fact, wallMs, rows }: Waiting): LogPlace => {
    const row = {
      seq: lastSeq + 1,
      epoch,
      eventId: mint.next<EventId>(wallMs),
      kind: fact.kind,
      schemaVersion: SYNC_SCHEMA_VERSION,
      wallAt: wallMs,
      monotonicMs: Math.max(0, Math.round(monotonicMs())),
      bootId,
      payload: JSON.stringify(fact.payload),
      rows: rows.length === 0 ? null : `[${rows.join(",")}]`,
    };
    const hash = hashAfter(previous, lineOfRow(row));
    insert({ ...row, hash });
    return { epoch, seq: row.seq, hash };
  };
}

function tell({ committed }: LogOptions, place: LogPlace): void {
  try {
    committed(place);
  } catch {
    // What was committed is: whoever wrote it must not take it for refused.
  }
}

type LogRow = typeof log.$inferSelect;

/** Rows have the number that they were hashed with, not the next that SQLite would give. */
export function rowInserter(db: GateDatabase): (row: LogRow) => void {
  const names = Object.keys(getTableColumns(log));
  const placeholders = Object.fromEntries(names.map((name) => [name, sql.placeholder(name)]));
  const prepared = db
    .insert(log)
    .values({ kind: "", eventId: "", schemaVersion: 0, wallAt: 0, payload: "", ...placeholders })
    .prepare();
  return (row) => void prepared.run(row);
}

/** The line that a row of the log travels as. */
export function lineOfRow(row: Omit<LogRow, "hash">): string {
  return lineOf(
    {
      seq: row.seq,
      epoch: row.epoch,
      event_id: row.eventId,
      kind: row.kind,
      schema_version: row.schemaVersion,
      wall_time: instantOf(row.wallAt),
      monotonic_ms: row.monotonicMs,
      boot_id: row.bootId,
      payload: row.payload,
    },
    row.rows,
  );
}

/** The hash of a line after the one before it, in hex. See shared/protocol/log. */
export function hashAfter(previous: string, line: string | Uint8Array): string {
  return createHash("sha256").update(previous, "hex").update(line).digest("hex");
}

function beginLinkState(db: GateDatabase): void {
  db.insert(linkState)
    .values({ id: 1, anchorHash: GENESIS_HASH, downlinkHash: GENESIS_HASH })
    .onConflictDoNothing()
    .run();
}

function headReader(db: GateDatabase): () => LogPlace {
  const newest = db
    .select({ seq: log.seq, hash: log.hash })
    .from(log)
    .orderBy(desc(log.seq))
    .limit(1)
    .prepare();
  const state = db.select().from(linkState).prepare();
  type Place = Omit<LogPlace, "hash"> & { readonly hash: string | null };
  const read = (): Place => {
    const link = state.get();
    if (link === undefined) throw new Error("the state of the link is gone");
    const { epoch, anchorSeq, anchorHash, parentSeq, parentHash } = link;
    const last = newest.get() ?? { seq: anchorSeq, hash: anchorHash };
    // Behind a restore comes what the cloud has; until that is here, it is a hole in the log.
    if (parentSeq !== null && parentSeq > last.seq) return { epoch, seq: parentSeq, hash: parentHash };
    return { epoch, ...last };
  };
  return () => {
    let { hash, ...place } = read();
    if (hash === null) {
      chainOldRows(db);
      ({ hash, ...place } = read());
    }
    if (hash === null) throw new Error(`row ${place.seq} of the log has no hash`);
    return { ...place, hash };
  };
}

/** Rows of before there was a chain are many: they get their hashes while no lane waits yet. */
function chainAtStart(readHead: () => LogPlace): void {
  try {
    readHead();
  } catch {
    // A log that is damaged, or a disk that is full: the gate starts all the same, and its first write says so.
  }
}

const CHUNK = 1_000;

/** Rows of before there was a chain get their hashes, once. */
function chainOldRows(db: GateDatabase): void {
  const open = db.select().from(log).where(isNull(log.hash)).orderBy(asc(log.seq)).limit(CHUNK).prepare();
  const setHash = db
    .update(log)
    .set({ hash: sql`${sql.placeholder("hash")}` })
    .where(sql`${log.seq} = ${sql.placeholder("seq")}`)
    .prepare();
  const first = open.get();
  if (first === undefined) return;
  const before = lt(log.seq, first.seq);
  let previous =
    db.select({ hash: log.hash }).from(log).where(before).orderBy(desc(log.seq)).limit(1).get()?.hash ??
    GENESIS_HASH;
  for (let rows = open.all(); rows.length > 0; rows = open.all()) {
    db.transaction(
      () => {
        for (const row of rows) {
          previous = hashAfter(previous, lineOfRow(row));
          setHash.run({ hash: previous, seq: row.seq });
        }
      },
      { behavior: "immediate" },
    );
  }
}

/** Rows of the log as they travel, after a number, in order. */
export function logReader(db: GateDatabase) {
  const after = db
    .select()
    .from(log)
    .where(gt(log.seq, sql.placeholder("seq")))
    .orderBy(asc(log.seq))
    .limit(sql.placeholder("limit"))
    .prepare();
  return (seq: number, limit: number): readonly LogLine[] =>
    after.all({ seq, limit }).map((row) => ({ seq: row.seq, line: lineOfRow(row), hash: row.hash ?? "" }));
}

export type LogLine = { readonly seq: number; readonly line: string; readonly hash: string };
