import { asc, desc, eq, sql } from "drizzle-orm";
import type { GateRecord } from "@parkme/shared/domain/gate-record";
import { asId, type AttemptId, type StayId } from "@parkme/shared/domain/ids";
import type { Currency } from "@parkme/shared/domain/money";
import type { AttemptStatus } from "@parkme/shared/domain/stay";
import type { GateDatabase } from "./open.ts";
import { attemptSteps, paymentAttempts } from "./money-schema.ts";
import { inserter, type At } from "./statements.ts";

/** A card payment that the terminal has not settled: it is asked about, never charged again. */
export type OpenAttempt = {
  readonly attemptId: AttemptId;
  readonly stayId: StayId;
  /** The lane, desk or pay station. */
  readonly lane: string;
  readonly amountMinor: number;
  readonly status: Extract<AttemptStatus, "begun" | "unknown" | "reversing">;
  readonly receipt: string | null;
};

/** Writes the steps of card payments: each is kept, and the attempt stands where the last one left it. */
export function createAttemptWriter(db: GateDatabase, currency: Currency) {
  const insertStep = inserter(db, attemptSteps);
  const upsert = db
    .insert(paymentAttempts)
    .values({
      id: sql.placeholder("id"),
      stayId: sql.placeholder("stayId"),
      lane: sql.placeholder("lane"),
      amountMinor: sql.placeholder("amountMinor"),
      currency,
      status: sql.placeholder("status"),
      receipt: sql.placeholder("receipt"),
      begunAt: sql.placeholder("at"),
      updatedAt: sql.placeholder("at"),
    })
    .onConflictDoUpdate({
      target: paymentAttempts.id,
      set: {
        status: sql`excluded.status`,
        receipt: sql`coalesce(excluded.receipt, ${paymentAttempts.receipt})`,
        updatedAt: sql`excluded.updated_at`,
      },
    })
    .prepare();
  return (record: Extract<GateRecord, { type: "attempt" }>, { lane, wallMs: at }: At): void => {
    const { attemptId: id, stayId, amountMinor, status, receipt, detail } = record;
    upsert.run({ id, stayId, lane, amountMinor, status, receipt, at });
    insertStep({ attemptId: id, status, receipt, detail, at });
  };
}

/** One attempt as it stands, settled or not. */
export type AttemptNow = {
  readonly attemptId: AttemptId;
  readonly stayId: StayId;
  /** The lane, desk or pay station. */
  readonly place: string;
  readonly amountMinor: number;
  readonly status: AttemptStatus;
  readonly receipt: string | null;
  /** Of its last step. */
  readonly detail: string;
};

export function attemptQueries(db: GateDatabase) {
  // Written out as the partial index has it, so that SQLite uses that.
  const unsettled = sql`${paymentAttempts.status} in ('begun', 'unknown', 'reversing')`;
  const ofStay = db
    .select()
    .from(paymentAttempts)
    .where(sql`${unsettled} and ${eq(paymentAttempts.stayId, sql.placeholder("stayId"))}`)
    .orderBy(asc(paymentAttempts.begunAt), asc(paymentAttempts.id))
    .prepare();
  return {
    attemptById: (id: string): AttemptNow | null => {
      const row = db.select().from(paymentAttempts).where(eq(paymentAttempts.id, id)).get();
      if (row === undefined) return null;
      const step = db
        .select({ detail: attemptSteps.detail })
        .from(attemptSteps)
        .where(eq(attemptSteps.attemptId, id))
        .orderBy(desc(attemptSteps.id))
        .limit(1)
        .get();
      const { stayId, lane: place, amountMinor, status, receipt } = row;
      const ids = { attemptId: asId<AttemptId>(id), stayId: asId<StayId>(stayId) };
      return { ...ids, place, amountMinor, status, receipt, detail: step?.detail ?? "" };
    },
    /**
     * Attempts that are not settled, oldest first, of one lane or of all. When an agent starts, the vehicles of
     * these may be gone.
     */
    openAttempts: (lane?: string): OpenAttempt[] =>
      db
        .select()
        .from(paymentAttempts)
        .where(lane === undefined ? unsettled : sql`${unsettled} and ${eq(paymentAttempts.lane, lane)}`)
        .orderBy(asc(paymentAttempts.begunAt), asc(paymentAttempts.id))
        .all()
        .flatMap(openOf),
    /** Attempts that are not settled, oldest first, of one stay: where a card may be charged for it. */
    openAttemptsOf: (stayId: StayId): OpenAttempt[] => ofStay.all({ stayId }).flatMap(openOf),
  };
}

function openOf(row: typeof paymentAttempts.$inferSelect): OpenAttempt[] {
  const { id, stayId, lane, amountMinor, status, receipt } = row;
  if (status !== "begun" && status !== "unknown" && status !== "reversing") return [];
  const ids = { attemptId: asId<AttemptId>(id), stayId: asId<StayId>(stayId) };
  return [{ ...ids, lane, amountMinor, status, receipt }];
}
