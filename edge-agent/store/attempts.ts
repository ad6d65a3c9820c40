import { asc, eq, sql } from "drizzle-orm";
import type { GateRecord } from "@parkme/shared/domain/gate-record";
import { asId, type AttemptId, type StayId } from "@parkme/shared/domain/ids";
import type { Currency } from "@parkme/shared/domain/money";
import type { AttemptStatus } from "@parkme/shared/domain/stay";
import type { GateDatabase } from "./open.ts";
import { attemptSteps, paymentAttempts } from "./schema.ts";
import { inserter, type At } from "./statements.ts";

/** A card payment that the terminal has not settled: it is asked about, never charged again. */
export type OpenAttempt = {
  readonly attemptId: AttemptId;
  readonly stayId: StayId;
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

export function attemptQueries(db: GateDatabase) {
  // Written out as the partial index has it, so that SQLite uses that.
  const unsettled = sql`${paymentAttempts.status} in ('begun', 'unknown', 'reversing')`;
  return {
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
        .flatMap(({ id, stayId, lane: at, amountMinor, status, receipt }) =>
          status === "begun" || status === "unknown" || status === "reversing"
            ? [
                {
                  attemptId: asId<AttemptId>(id),
                  stayId: asId<StayId>(stayId),
                  lane: at,
                  amountMinor,
                  status,
                  receipt,
                },
              ]
            : [],
        ),
  };
}
