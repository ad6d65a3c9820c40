import { count, countDistinct, desc, eq, isNull, max, min, sql, sum } from "drizzle-orm";
import type { Now } from "@parkme/shared/domain/clock";
import { refusal, type Refusal } from "@parkme/shared/domain/errors";
import { asId, type ShiftId } from "@parkme/shared/domain/ids";
import type { DrawerMove } from "@parkme/shared/domain/ledger";
import { err, ok, type Result } from "@parkme/shared/domain/result";
import { PAYMENT_METHODS } from "@parkme/shared/domain/stay";
import type { ShiftReport } from "@parkme/shared/protocol/kiosk-desk";
import { detailOf, instantOf } from "./log.ts";
import { amountProblem, type AmountRefusal, type KeyRefusal } from "./money.ts";
import { drawerMoves, ledger, payments, receipts, shifts, stayAmendments } from "./money-schema.ts";
import { lastZQuery } from "./numbers.ts";
import type { GateDatabase } from "./open.ts";
import type { Done, MoneyParts } from "./payments.ts";
import { vends } from "./schema.ts";
import { inserter } from "./statements.ts";

/** A shift that is open. What should be in its drawer is not said: the count at its end is blind. */
export type OpenShift = {
  readonly shiftId: ShiftId;
  readonly attendant: string;
  readonly openedAtMs: number;
  readonly openedByPayment: boolean;
  readonly floatMinor: number;
};

export type ShiftRefusal = AmountRefusal | KeyRefusal | Refusal<"shift_open" | "no_shift">;

export type Move = {
  readonly actor: string;
  readonly kind: DrawerMove;
  readonly amountMinor: number;
  readonly reason: string;
  readonly idempotencyKey: string;
};

type ShiftRow = typeof shifts.$inferSelect;

/** Drawers from float to count. */
export function shiftKeeping(db: GateDatabase, parts: MoneyParts) {
  const reportOf = shiftReporter(db);
  const rowOf = (id: string): ShiftRow | undefined => db.select().from(shifts).where(eq(shifts.id, id)).get();
  const openRow = (actor: string): ShiftRow | undefined =>
    db
      .select()
      .from(shifts)
      .where(sql`${shifts.attendant} = ${actor} and ${isNull(shifts.closedAt)}`)
      .get();
  return {
    openShift: opening(db, parts),
    moveDrawer: moving(db, parts),
    closeShift: closing(db, parts),
    /** The shift that an attendant has open. */
    shiftNow: (actor: string): OpenShift | null => {
      const row = openRow(actor);
      return row === undefined ? null : viewOf(row);
    },
    /** What should be in the drawer of an attendant now; null without an open shift. */
    drawerMinor: (actor: string): number | null => {
      const row = openRow(actor);
      return row === undefined ? null : drawerOf(db, row);
    },
    /** The X report of a shift that is open, the Z report of one that is closed. */
    shiftReport: (id: string): ShiftReport | null => {
      const row = rowOf(id);
      return row === undefined ? null : reportOf(row);
    },
    /** Newest first. */
    shifts: (limit: number): readonly ShiftReport[] =>
      db
        .select()
        .from(shifts)
        .orderBy(desc(shifts.openedAt), desc(shifts.id))
        .limit(limit)
        .all()
        .map(reportOf),
  };
}

function viewOf(row: ShiftRow): OpenShift {
  const { attendant, openedAt: openedAtMs, openedByPayment, floatMinor } = row;
  return { shiftId: asId<ShiftId>(row.id), attendant, openedAtMs, openedByPayment, floatMinor };
}

function amountOrNothing(minor: number): AmountRefusal | null {
  return minor === 0 ? null : amountProblem(minor);
}

/** Opens a shift with a float that its attendant has counted. */
function opening(db: GateDatabase, { book }: MoneyParts) {
  return (
    shift: { readonly actor: string; readonly floatMinor: number },
    { wallMs }: Now,
  ): Result<OpenShift, ShiftRefusal> =>
    db.transaction(
      (): Result<OpenShift, ShiftRefusal> => {
        const { actor: attendant, floatMinor } = shift;
        const problem = amountOrNothing(floatMinor);
        if (problem !== null) return err(problem);
        if (book.openOf(attendant) !== null)
          return err(refusal("shift_open", "operator", "You have a shift open already."));
        const shiftId = book.begin({ attendant, floatMinor, openedByPayment: false }, wallMs);
        return ok({ shiftId, attendant, openedAtMs: wallMs, openedByPayment: false, floatMinor });
      },
      { behavior: "immediate" },
    );
}

/** Cash to the safe, or from it. */
function moving(db: GateDatabase, { acts, book, writeLog, currency }: MoneyParts) {
  const insert = inserter(db, drawerMoves);
  return (move: Move, { wallMs: at }: Now): Result<Done<{ readonly shiftId: ShiftId }>, ShiftRefusal> => {
    const { actor, kind, amountMinor, reason, idempotencyKey } = move;
    const act = `${kind} of ${actor}`;
    return acts.once(
      { idempotencyKey, act, stayId: null },
      at,
      (): Result<{ readonly shiftId: ShiftId }, ShiftRefusal> => {
        const problem = amountProblem(amountMinor);
        if (problem !== null) return err(problem);
        const shiftId = book.openOf(actor);
        if (shiftId === null) return err(noShift());
        insert({ shiftId, kind, amountMinor, actor, reason: detailOf(reason), at });
        const payload = {
          shift_id: shiftId,
          kind,
          amount_minor: amountMinor,
          currency,
          actor,
          reason: detailOf(reason),
          at: instantOf(at),
        };
        writeLog({ kind: "shift.moved", payload }, at);
        return ok({ shiftId });
      },
    );
  };
}

function noShift(): Refusal<"no_shift"> {
  return refusal("no_shift", "operator", "You have no shift open.");
}

/** Ends an attendant's shift with what was counted: its Z report is numbered, and nothing is added to it any more. */
function closing(db: GateDatabase, { book, writeLog, currency }: MoneyParts) {
  const reportOf = shiftReporter(db);
  const lastZ = lastZQuery(db);
  return (
    close: { readonly actor: string; readonly countedMinor: number; readonly note: string },
    { wallMs: at }: Now,
  ): Result<ShiftReport, ShiftRefusal> =>
    db.transaction(
      (): Result<ShiftReport, ShiftRefusal> => {
        const { actor, countedMinor } = close;
        const problem = amountOrNothing(countedMinor);
        if (problem !== null) return err(problem);
        const id = book.openOf(actor);
        const row = id === null ? undefined : db.select().from(shifts).where(eq(shifts.id, id)).get();
        if (row === undefined) return err(noShift());
        const zNumber = lastZ() + 1;
        const expectedMinor = drawerOf(db, row);
        const note = detailOf(close.note);
        const closed = { closedAt: at, countedMinor, expectedMinor, note, zNumber };
        db.update(shifts).set(closed).where(eq(shifts.id, row.id)).run();
        const payload = {
          shift_id: row.id,
          z_number: zNumber,
          expected_minor: expectedMinor,
          counted_minor: countedMinor,
          currency,
          note,
          at: instantOf(at),
        };
        writeLog({ kind: "shift.closed", payload }, at);
        return ok(reportOf({ ...row, ...closed }));
      },
      { behavior: "immediate" },
    );
}

/** What should be in the drawer of a shift: its float, the cash taken, less what went out again. */
function drawerOf(db: GateDatabase, { id, floatMinor }: ShiftRow): number {
  const cash = db
    .select({ minor: sum(ledger.amountMinor) })
    .from(ledger)
    .where(
      sql`${ledger.shiftId} = ${id} and ${ledger.method} = 'cash' and ${ledger.kind} in ('payment', 'change', 'refund')`,
    )
    .get();
  const { drops, topUps } = movedOf(db, id);
  return floatMinor - Number(cash?.minor ?? 0) - drops + topUps;
}

function movedOf(db: GateDatabase, id: string): { readonly drops: number; readonly topUps: number } {
  const rows = db
    .select({ kind: drawerMoves.kind, minor: sum(drawerMoves.amountMinor) })
    .from(drawerMoves)
    .where(eq(drawerMoves.shiftId, id))
    .groupBy(drawerMoves.kind)
    .all();
  const minor = (kind: DrawerMove): number => Number(rows.find((row) => row.kind === kind)?.minor ?? 0);
  return { drops: minor("drop"), topUps: minor("top_up") };
}

/**
 * What a shift did, by the rows that name it. `tickets` are the stays that it took money for or gave money back to,
 * `voids` the stays that it declared void and the refunds that it made: the two give the rate.
 */
function shiftReporter(db: GateDatabase): (row: ShiftRow) => ShiftReport {
  return (row) => {
    const { id, countedMinor, expectedMinor } = row;
    const open = row.closedAt === null;
    const moved = movedOf(db, id);
    const entries = entriesOf(db, id);
    const numbers = receiptsOf(db, id);
    return {
      kind: open ? "x" : "z",
      shift_id: id,
      attendant: row.attendant,
      opened_at: instantOf(row.openedAt),
      opened_by_payment: row.openedByPayment,
      closed_at: row.closedAt === null ? null : instantOf(row.closedAt),
      z_number: row.zNumber,
      float_minor: row.floatMinor,
      drops_minor: moved.drops,
      top_ups_minor: moved.topUps,
      by_method: entries.byMethod,
      write_offs: entries.writeOffs,
      debts: entries.debts,
      vends: countOf(db.select({ n: count() }).from(vends).where(eq(vends.shiftId, id)).get()),
      voids: voidsOf(db, id) + entries.refunds,
      tickets: entries.tickets,
      expected_minor: open ? null : expectedMinor,
      counted_minor: countedMinor,
      variance_minor: countedMinor === null || expectedMinor === null ? null : countedMinor - expectedMinor,
      receipts: numbers,
    };
  };
}

function countOf(row: { readonly n: number } | undefined): number {
  return row?.n ?? 0;
}

function voidsOf(db: GateDatabase, id: string): number {
  const its = sql`${stayAmendments.shiftId} = ${id} and ${stayAmendments.what} = 'void'`;
  return countOf(db.select({ n: count() }).from(stayAmendments).where(its).get());
}

function receiptsOf(db: GateDatabase, id: string): ShiftReport["receipts"] {
  const row = db
    .select({ first: min(receipts.number), last: max(receipts.number) })
    .from(receipts)
    .where(eq(receipts.shiftId, id))
    .get();
  const { first = null, last = null } = row ?? {};
  return first === null || last === null ? null : { first, last };
}

function entriesOf(db: GateDatabase, id: string) {
  const taken = db
    .select({ method: payments.method, n: count(), minor: sum(payments.amountMinor) })
    .from(payments)
    .where(eq(payments.shiftId, id))
    .groupBy(payments.method)
    .all();
  const given = db
    .select({ kind: ledger.kind, method: ledger.method, n: count(), minor: sum(ledger.amountMinor) })
    .from(ledger)
    .where(eq(ledger.shiftId, id))
    .groupBy(ledger.kind, ledger.method)
    .all();
  const refunds = given.filter(({ kind }) => kind === "refund");
  const whole = (kind: "write_off" | "debt") => {
    const row = given.find((one) => one.kind === kind);
    return { count: row?.n ?? 0, amount_minor: 0 - Number(row?.minor ?? 0) };
  };
  const byMethod = PAYMENT_METHODS.flatMap((method) => {
    const paid = taken.find((row) => row.method === method);
    const back = refunds.find((row) => row.method === method);
    if (paid === undefined && back === undefined) return [];
    const amounts = { amount_minor: Number(paid?.minor ?? 0), refunds_minor: Number(back?.minor ?? 0) };
    return [{ method, count: paid?.n ?? 0, ...amounts }];
  });
  const dealt = db
    .select({ n: countDistinct(ledger.stayId) })
    .from(ledger)
    .where(sql`${ledger.shiftId} = ${id} and ${ledger.kind} in ('payment', 'refund')`)
    .get();
  return {
    byMethod,
    writeOffs: whole("write_off"),
    debts: whole("debt"),
    refunds: refunds.reduce((n, row) => n + row.n, 0),
    tickets: countOf(dealt),
  };
}
