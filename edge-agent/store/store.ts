import { randomUUID } from "node:crypto";
import { and, asc, count, desc, eq, gt, gte, isNull, sql, sum } from "drizzle-orm";
import { DEFAULT_RIGHTS_POLICY, type RightsPolicy } from "@parkme/shared/domain/capacity-rights-edge";
import type { Zone } from "@parkme/shared/domain/facility";
import { asId, type IdMint, type PaymentId, type StayId } from "@parkme/shared/domain/ids";
import type { Currency } from "@parkme/shared/domain/money";
import type { PaymentMethod } from "@parkme/shared/domain/stay";
import type { MovementView } from "@parkme/shared/protocol/kiosk";
import type { LogEvent } from "@parkme/shared/protocol/log";
import type { Lists } from "../lists/list-file.ts";
import { alarmQueries } from "./alarms.ts";
import { attemptQueries } from "./attempts.ts";
import { stayAmending } from "./amendments.ts";
import { keptForCloud } from "./capacity-kept.ts";
import { rightsKeeping } from "./capacity-rights.ts";
import { createCommit, type Turn } from "./commit.ts";
import { bookKeeping } from "./equality-reports.ts";
import { replaceLists } from "./list-replacing.ts";
import { listQueries } from "./lists.ts";
import { createLedger } from "./ledger.ts";
import type { LogWriter } from "./log.ts";
import { createLog, logReader } from "./log-writer.ts";
import { linkKeeping } from "./link-state.ts";
import { createActs } from "./money.ts";
import { modeKeeping } from "./modes.ts";
import { countCorrecting } from "./counts.ts";
import { downlinkKeeping } from "./downlink-place.ts";
import { type HighWaterMark, numberKeeping } from "./numbers.ts";
import { occupancyQueries } from "./occupancy.ts";
import type { GateDatabase } from "./open.ts";
import { manifestKeeping } from "./manifests.ts";
import { pictureUploading } from "./picture-uploads.ts";
import { createPaymentWriter, paymentTaking, type MoneyParts } from "./payments.ts";
import { rightPricing } from "./priced-rights.ts";
import { logPruning } from "./pruning.ts";
import { createReceiptWriter, receiptQueries, type ReceiptOptions } from "./receipts.ts";
import { reconciling } from "./reconciliation.ts";
import { remoteCommandKeeping } from "./remote-commands.ts";
import { restoring } from "./restoring.ts";
import { payments, receipts } from "./money-schema.ts";
import { log } from "./link-schema.ts";
import { agentState, movements, plateReads, tickets, vends, ticketPrints } from "./schema.ts";
import { settling } from "./settlements.ts";
import { createShiftBook } from "./shift-book.ts";
import { shiftKeeping } from "./shifts.ts";
import { stayAccounts } from "./stay-accounts.ts";
import { stayBeginning } from "./stay-beginning.ts";
import { stayQueries } from "./stays.ts";
import { tariffKeeping } from "./tariffs.ts";
import { ticketCodeQueries } from "./ticket-codes.ts";
import { validating } from "./validations.ts";
import { createZoneTree } from "./zone-tree.ts";

export type StoreOptions = {
  readonly currency: Currency;
  readonly mint: IdMint;
  readonly zones?: readonly Zone[];
  /** Spaces of the facility: a correction far beyond them is a slip of the finger. */
  readonly capacity?: number | null;
  /** How rights to spaces are shared with the cloud. */
  readonly rights?: RightsPolicy;
  /** Whether pictures of those who pass are to go to the cloud. */
  readonly pictures?: boolean;
  /** When this agent starts, Unix ms. */
  readonly startedAtMs?: number;
  /** Left out, no receipts are issued. */
  readonly receipts?: ReceiptOptions;
  /** Names this run of the program, in the log. */
  readonly bootId?: string;
  /** Since this run began. */
  readonly monotonicMs?: () => number;
  /** After every commit that wrote to the log: where it ends now, and the numbers that were given last. */
  readonly committed?: (mark: HighWaterMark) => void;
};

/**
 * How long a lane's turn may wait for another program that writes to the file, such as an import: every lane waits
 * with it. An obstruction is answered all the same when the turn is refused, but not before.
 */
const BUSY_MS = 250;

export type Store = ReturnType<typeof createStore>;

/** The gate's memory. Every call is synchronous: SQLite is in this process, and lanes take turns. */
export function createStore(
  file: GateDatabase,
  { currency, mint, zones = [], capacity = null, startedAtMs = 0, receipts, ...options }: StoreOptions,
) {
  const epoch = beginEpoch(file, startedAtMs);
  file.$client.pragma(`busy_timeout = ${BUSY_MS}`);
  const tree = createZoneTree(zones);
  const kept = { tree, capacity, policy: options.rights ?? DEFAULT_RIGHTS_POLICY };
  const { committed } = options;
  const gateLog = createLog(file, {
    mint,
    bootId: options.bootId ?? randomUUID(),
    monotonicMs: options.monotonicMs ?? (() => performance.now()),
    committed: (place) => committed?.({ ...place, ...numbers.lastNumbers() }),
  });
  const { db, writeLog, head } = gateLog;
  const numbers = numberKeeping(db);
  const tariffs = tariffKeeping(db, writeLog);
  const money = moneyParts(db, { currency, mint, writeLog, receipts: receipts ?? null });
  const share = keptForCloud(db, kept);
  const occupancy = occupancyQueries(db, tree, share);
  let keepsReads = true;
  const pictures = options.pictures ?? false;
  const common = { epoch, currency, mint, tree, writeLog, capacity, money, pictures };
  const { commit, record } = createCommit(db, { ...common, keepsReads: () => keepsReads });
  return {
    epoch,
    /** Whether plate reads are kept: not while the disk is nearly full. */
    keepReads: (on: boolean): void => void (keepsReads = on),
    commit: (turn: Turn): void => commit(turn),
    /** What happens at a place that is no lane: a desk, a pay station. Throws when the disk refuses. */
    record,
    ...stayQueries(db),
    ...listQueries(db),
    ...occupancy,
    ...pictureUploading(db),
    ...rightsKeeping(db, { ...kept, share, writeLog, occupancy: occupancy.occupancy }),
    ...countCorrecting(db, { tree, writeLog, capacity }),
    ...modeKeeping(db, writeLog),
    ...alarmQueries(db, writeLog),
    ...attemptQueries(db),
    ...stayAccounts(db, money.ledger),
    ...rightPricing(db),
    ...stayBeginning(db, money),
    ...stayAmending(db, money),
    ...validating(db, money),
    ...paymentTaking(db, money, createPaymentWriter(db, money)),
    ...settling(db, money),
    ...shiftKeeping(db, money),
    ...receiptQueries(db),
    ...reconciling(db),
    ...tariffs,
    ...manifestKeeping(db, writeLog, tariffs),
    ...ticketCodeQueries(db),
    /** What was done under a key; doing it again answers what was answered then. */
    actByKey: money.acts.byKey,
    ...attendantQueries(db),
    /** Where the log ends. */
    logHead: head,
    logLines: logReader(db),
    ...bookKeeping(db, gateLog),
    ...linkKeeping(db),
    ...numbers,
    ...logPruning(db),
    /** Gets back what the cloud knows, after the database was restored. */
    restoring: restoring(gateLog),
    ...uplinkQueries(db),
    ...downlinkKeeping(db),
    ...remoteCommandKeeping(db, writeLog),
    ...readQueries(db),
    /** Puts new lists in force, a little at a time; false when another import has overtaken it. */
    replaceLists: (lists: Lists, nowMs: number) => replaceLists(db, lists, nowMs),
    /** Throws when the database does not answer. */
    ping: (): void => void db.get(sql`select 1`),
    close: (): void => void db.$client.close(),
  };
}

/** What everything that moves money is made of. */
function moneyParts(
  db: GateDatabase,
  {
    receipts,
    ...common
  }: {
    readonly currency: Currency;
    readonly mint: IdMint;
    readonly writeLog: LogWriter;
    readonly receipts: ReceiptOptions | null;
  },
): MoneyParts {
  return {
    ...common,
    acts: createActs(db),
    ledger: createLedger(db, common),
    book: createShiftBook(db, common),
    receiptWriter: createReceiptWriter(db, { ...common, receipts }),
  };
}

/**
 * Higher at every start, also at the first one after a backup was restored: boards take no command of an epoch below
 * the highest they have seen. Seconds of the wall clock are, as long as that is right; without it, one more.
 */
function beginEpoch(db: GateDatabase, startedAtMs: number): number {
  const first = Math.max(1, Math.floor(startedAtMs / 1_000));
  const row = db
    .insert(agentState)
    .values({ id: 1, epoch: first, inside: 0, uploadCursor: 0 })
    .onConflictDoUpdate({
      target: agentState.id,
      set: { epoch: sql`max(${agentState.epoch} + 1, ${first})` },
    })
    .returning({ epoch: agentState.epoch })
    .get();
  return row.epoch;
}

type PaymentByKey = {
  readonly paymentId: PaymentId;
  readonly stayId: StayId;
  readonly changeMinor: number;
  readonly receiptNumber: number | null;
};

function attendantQueries(db: GateDatabase) {
  return {
    /** A payment already taken under this key: asked before taking it again. */
    paymentByKey: (key: string): PaymentByKey | null => {
      const row = db
        .select({ payment: payments, receiptNumber: receipts.number })
        .from(payments)
        .leftJoin(receipts, and(eq(receipts.paymentId, payments.id), eq(receipts.kind, "payment")))
        .where(eq(payments.idempotencyKey, key))
        .get();
      if (row === undefined) return null;
      const { id, stayId, changeMinor } = row.payment;
      const ids = { paymentId: asId<PaymentId>(id), stayId: asId<StayId>(stayId) };
      return { ...ids, changeMinor, receiptNumber: row.receiptNumber };
    },
    /** How often the tickets of a stay were printed. */
    ticketPrints: (stayId: StayId): number => {
      const its = and(eq(ticketPrints.stayId, stayId), eq(ticketPrints.step, "printed"));
      return db.select({ n: count() }).from(ticketPrints).where(its).get()?.n ?? 0;
    },
    vendExists: (key: string): boolean =>
      db.select({ id: vends.commandId }).from(vends).where(eq(vends.idempotencyKey, key)).get() !== undefined,
    /** Newest first. */
    recentMovements: (limit: number): MovementView[] => {
      const rows = db
        .select({ movement: movements, ticketNumber: tickets.number })
        .from(movements)
        .leftJoin(tickets, and(eq(tickets.stayId, movements.stayId), isNull(tickets.replacedBy)))
        .orderBy(desc(movements.at), desc(movements.id))
        .limit(limit)
        .all();
      return rows.map(({ movement: m, ticketNumber }) => ({
        movement_id: m.id,
        lane: m.lane,
        direction: m.direction,
        kind: m.kind,
        plate: m.plate,
        ticket_number: ticketNumber,
        at: new Date(m.at).toISOString(),
        fee_minor: m.feeMinor,
        review: m.review,
      }));
    },
    /** Vehicles that came and left, and money taken, since a moment. */
    totalsSince: (sinceMs: number): { in: number; out: number; cashMinor: number; cardMinor: number } => {
      const moved = db
        .select({ direction: movements.direction, n: count() })
        .from(movements)
        .where(and(gte(movements.at, sinceMs), eq(movements.scope, "facility")))
        .groupBy(movements.direction)
        .all();
      const taken = db
        .select({ method: payments.method, minor: sum(payments.amountMinor) })
        .from(payments)
        .where(gte(payments.at, sinceMs))
        .groupBy(payments.method)
        .all();
      const n = (direction: "in" | "out"): number => moved.find((row) => row.direction === direction)?.n ?? 0;
      const minor = (by: PaymentMethod): number => Number(taken.find((row) => row.method === by)?.minor ?? 0);
      return { in: n("in"), out: n("out"), cashMinor: minor("cash"), cardMinor: minor("card") };
    },
    /** All movements ever, by lane and direction: where the counters of a new process start. */
    movementCounts: () =>
      db
        .select({ lane: movements.lane, direction: movements.direction, n: count() })
        .from(movements)
        .groupBy(movements.lane, movements.direction)
        .all(),
  };
}

function uplinkQueries(db: GateDatabase) {
  const cursor = db.select({ cursor: agentState.uploadCursor }).from(agentState).prepare();
  const last = db.select({ seq: log.seq }).from(log).orderBy(desc(log.seq)).limit(1).prepare();
  const after = db
    .select()
    .from(log)
    .where(gt(log.seq, sql.placeholder("seq")))
    .orderBy(asc(log.seq))
    .limit(sql.placeholder("limit"))
    .prepare();
  return {
    uploadCursor: (): number => cursor.get()?.cursor ?? 0,
    lastLogSeq: (): number => last.get()?.seq ?? 0,
    setUploadCursor: (seq: number): void => void db.update(agentState).set({ uploadCursor: seq }).run(),
    /** Log rows after `seq`, in order, at most `limit`. */
    logAfter: (seq: number, limit: number): LogEvent[] =>
      after.all({ seq, limit }).map((row) => ({
        seq: row.seq,
        epoch: row.epoch,
        event_id: row.eventId,
        kind: row.kind,
        schema_version: row.schemaVersion,
        wall_time: new Date(row.wallAt).toISOString(),
        monotonic_ms: row.monotonicMs,
        boot_id: row.bootId,
        payload: JSON.parse(row.payload) as Record<string, unknown>,
      })),
  };
}

function readQueries(db: GateDatabase) {
  const seen = db
    .select({ id: plateReads.id })
    .from(plateReads)
    .where(
      and(
        eq(plateReads.camera, sql.placeholder("camera")),
        eq(plateReads.sourceId, sql.placeholder("sourceId")),
      ),
    )
    .prepare();
  return {
    /** Forgets who was seen before a moment: the privacy limit on plate reads. */
    forgetReadsBefore: (wallMs: number): number =>
      db
        .delete(plateReads)
        .where(sql`${plateReads.receivedAt} < ${wallMs}`)
        .run().changes,
    /** Whether the camera has told of this event before: asked for every read. */
    wasRead: (camera: string, sourceId: string): boolean => seen.get({ camera, sourceId }) !== undefined,
  };
}
