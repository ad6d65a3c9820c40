import { and, asc, count, desc, eq, gt, gte, inArray, isNull, sql, sum } from "drizzle-orm";
import type { Credit, StayInHand } from "@parkme/shared/domain/gate-record";
import { asId, type IdMint, type PaymentId, type StayId, type TicketNumber } from "@parkme/shared/domain/ids";
import type { Currency } from "@parkme/shared/domain/money";
import { plateShape } from "@parkme/shared/domain/plate";
import type { MovementView } from "@parkme/shared/protocol/kiosk";
import type { SyncEvent } from "@parkme/shared/protocol/sync";
import { createCommit, type Turn } from "./commit.ts";
import type { GateDatabase } from "./open.ts";
import { agentState, lanes, log, movements, payments, plateReads, stays, tickets, vends } from "./schema.ts";

export type StoreOptions = { readonly currency: Currency; readonly mint: IdMint };

export type Store = ReturnType<typeof createStore>;

/** A stay that may be inside. */
export type InsideStay = Omit<StayInHand, "due" | "plate"> & {
  readonly plate: string;
  readonly paidMinor: number;
  /** Its vehicle came in again since, so it must have left unseen. */
  readonly missedExit: boolean;
};

/** The gate's memory. Every call is synchronous: SQLite is in this process, and lanes take turns. */
export function createStore(db: GateDatabase, options: StoreOptions) {
  const epoch = beginEpoch(db);
  const commit = createCommit(db, { epoch, ...options });
  return {
    epoch,
    commit: (turn: Turn): void => commit(turn),
    ...laneQueries(db),
    ...attendantQueries(db),
    ...uplinkQueries(db),
    ...readQueries(db),
    /** Throws when the database does not answer. */
    ping: (): void => void db.get(sql`select 1`),
    close: (): void => void db.$client.close(),
  };
}

function beginEpoch(db: GateDatabase): number {
  const row = db
    .insert(agentState)
    .values({ id: 1, epoch: 1, inside: 0, uploadCursor: 0 })
    .onConflictDoUpdate({ target: agentState.id, set: { epoch: sql`${agentState.epoch} + 1` } })
    .returning({ epoch: agentState.epoch })
    .get();
  return row.epoch;
}

function laneQueries(db: GateDatabase) {
  const inside = db.select({ inside: agentState.inside }).from(agentState).prepare();
  const admitted = db
    .select({ n: count() })
    .from(stays)
    .where(and(eq(stays.status, "provisional"), isNull(stays.review)))
    .prepare();
  const byShape = db
    .select({ stay: stays, ticketNumber: tickets.number })
    .from(stays)
    .innerJoin(tickets, eq(tickets.stayId, stays.id))
    .where(
      and(eq(stays.plateShape, sql.placeholder("shape")), inArray(stays.status, ["provisional", "open"])),
    )
    .orderBy(desc(stays.entryAt))
    .limit(MAX_CANDIDATES)
    .prepare();
  const paid = db
    .select({ minor: sum(payments.amountMinor) })
    .from(payments)
    .where(eq(payments.stayId, sql.placeholder("stayId")))
    .prepare();
  const ticket = db
    .select({ number: tickets.number })
    .from(tickets)
    .where(eq(tickets.number, sql.placeholder("number")))
    .prepare();
  return {
    /** Vehicles inside, by counted movements; a miscount never reads as less than none. */
    inside: (): number => Math.max(0, inside.get()?.inside ?? 0),
    /** Stays admitted whose passage is still to be confirmed. */
    admitted: (): number => admitted.get()?.n ?? 0,
    /** Stays inside whose plate is this one or looks like it, newest first, at most {@link MAX_CANDIDATES}. */
    insideLike: (plate: string): readonly InsideStay[] =>
      byShape.all({ shape: plateShape(plate) }).map(({ stay, ticketNumber }) => ({
        stayId: asId<StayId>(stay.id),
        ticketNumber: ticketNumber as TicketNumber,
        plate: stay.plate ?? plate,
        entryWallMs: stay.entryAt,
        status: stay.status === "open" ? "open" : "provisional",
        paidMinor: Number(paid.get({ stayId: stay.id })?.minor ?? 0),
        missedExit: stay.review === "missed_exit",
      })),
    ticketExists: (number: TicketNumber): boolean => ticket.get({ number }) !== undefined,
    /** The credit this lane held when the agent stopped, if its passage was not confirmed. */
    creditInDoubt: (lane: string): Credit | null => {
      const row = db.select({ credit: lanes.credit }).from(lanes).where(eq(lanes.lane, lane)).get();
      return row?.credit == null ? null : (JSON.parse(row.credit) as Credit);
    },
  };
}

const MAX_CANDIDATES = 10;

function attendantQueries(db: GateDatabase) {
  return {
    /** A payment already taken under this key: asked before taking it again. */
    paymentByKey: (key: string): { paymentId: PaymentId; stayId: StayId; changeMinor: number } | null => {
      const row = db.select().from(payments).where(eq(payments.idempotencyKey, key)).get();
      if (row === undefined) return null;
      const { id, stayId, changeMinor } = row;
      return { paymentId: asId<PaymentId>(id), stayId: asId<StayId>(stayId), changeMinor };
    },
    vendExists: (key: string): boolean =>
      db.select({ id: vends.commandId }).from(vends).where(eq(vends.idempotencyKey, key)).get() !== undefined,
    /** Newest first. */
    recentMovements: (limit: number): MovementView[] => {
      const rows = db
        .select({ movement: movements, ticketNumber: tickets.number })
        .from(movements)
        .leftJoin(tickets, eq(tickets.stayId, movements.stayId))
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
    /** Movements and cash since a moment. */
    totalsSince: (sinceMs: number): { in: number; out: number; cashMinor: number } => {
      const moved = db
        .select({ direction: movements.direction, n: count() })
        .from(movements)
        .where(gte(movements.at, sinceMs))
        .groupBy(movements.direction)
        .all();
      const cash = db
        .select({ minor: sum(payments.amountMinor) })
        .from(payments)
        .where(gte(payments.at, sinceMs))
        .get();
      const n = (direction: "in" | "out"): number => moved.find((row) => row.direction === direction)?.n ?? 0;
      return { in: n("in"), out: n("out"), cashMinor: Number(cash?.minor ?? 0) };
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
    logAfter: (seq: number, limit: number): SyncEvent[] =>
      after.all({ seq, limit }).map((row) => ({
        seq: row.seq,
        event_id: row.eventId,
        kind: row.kind,
        schema_version: row.schemaVersion,
        wall_time: new Date(row.wallAt).toISOString(),
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
