import { and, count, eq, isNull, sql } from "drizzle-orm";
import type { Now } from "@parkme/shared/domain/clock";
import { refusal, type Refusal } from "@parkme/shared/domain/errors";
import type { IdMint, StayId, TicketNumber } from "@parkme/shared/domain/ids";
import { err, ok, type Result } from "@parkme/shared/domain/result";
import type { Amendment } from "@parkme/shared/domain/stay-account";
import { detailOf, instantOf } from "./log.ts";
import { doingOf } from "./ledger.ts";
import { unknownStay, type By, type KeyRefusal, type StayRefusal } from "./money.ts";
import { ledger as entries, stayAmendments } from "./money-schema.ts";
import type { GateDatabase } from "./open.ts";
import type { Done, MoneyParts } from "./payments.ts";
import { stays, tickets } from "./schema.ts";
import { inserter } from "./statements.ts";

/** Who changes what of which stay, and why. */
export type Amend = By & { readonly stayId: StayId };
export type AmendRefusal = StayRefusal | Refusal<"stay_left">;
export type VoidRefusal = AmendRefusal | Refusal<"stay_paid">;
export type PenaltyRefusal = AmendRefusal | KeyRefusal | Refusal<"too_many_penalties">;
export type EntryRefusal = AmendRefusal | Refusal<"entry_invalid">;

/** No stay is longer: an entry before that is a slip of the finger. */
const LONGEST_STAY_MS = 400 * 86_400_000;
const MAX_PENALTIES = 20;

/** Whether a vehicle may have come in then. */
export function plausibleEntry(entryWallMs: number, wallMs: number): boolean {
  return (
    Number.isSafeInteger(entryWallMs) && entryWallMs <= wallMs && entryWallMs >= wallMs - LONGEST_STAY_MS
  );
}

type Change = { readonly what: Amendment; readonly before: string; readonly after: string };
export type AmendmentWriter = (amend: Amend, change: Change, wallMs: number) => void;

/** Writes down who changed what; what it costs is asked anew, so the stay is settled no more. */
export function createAmendmentWriter(
  db: GateDatabase,
  { book, writeLog }: Pick<MoneyParts, "book" | "writeLog">,
): AmendmentWriter {
  const insert = inserter(db, stayAmendments);
  return ({ stayId, actor, reason }, { what, before, after }, at) => {
    insert({ stayId, what, before, after, actor, reason, shiftId: book.openOf(actor), at });
    db.update(stays).set({ settledAt: null }).where(eq(stays.id, stayId)).run();
    const said = { before: detailOf(before), after: detailOf(after), reason: detailOf(reason) };
    writeLog(
      { kind: "stay.amended", payload: { stay_id: stayId, what, actor, ...said, at: instantOf(at) } },
      at,
    );
  };
}

type StayRow = typeof stays.$inferSelect;

/** What people change of stays that are inside, each with its reason, and what was before. */
export function stayAmending(db: GateDatabase, parts: MoneyParts) {
  const write = createAmendmentWriter(db, parts);
  /** Changes a stay that is inside, in a transaction of its own. */
  const amending = <T, R>(
    stayId: StayId,
    work: (stay: StayRow) => Result<T, R>,
  ): Result<T, R | AmendRefusal> =>
    db.transaction(
      (): Result<T, R | AmendRefusal> => {
        const stay = insideOf(db, stayId);
        return stay.ok ? work(stay.value) : stay;
      },
      { behavior: "immediate" },
    );
  const change = (stayId: StayId, columns: Partial<StayRow>): void =>
    void db.update(stays).set(columns).where(eq(stays.id, stayId)).run();
  return {
    /** The time that a vehicle came in, as somebody knows it. */
    setEntryTime: (
      amend: Amend & { readonly entryWallMs: number },
      { wallMs }: Now,
    ): Result<null, EntryRefusal> =>
      amending<null, EntryRefusal>(amend.stayId, ({ entryAt }) => {
        const { stayId, entryWallMs } = amend;
        if (!plausibleEntry(entryWallMs, wallMs)) return err(implausibleEntry());
        change(stayId, { entryAt: entryWallMs });
        const times = { before: instantOf(entryAt), after: instantOf(entryWallMs) };
        write(amend, { what: "entry_time", ...times }, wallMs);
        return ok(null);
      }),
    /** What kind of vehicle it is. */
    setVehicle: (
      amend: Amend & { readonly vehicleType: string; readonly ev: boolean; readonly accessible: boolean },
      { wallMs }: Now,
    ): Result<null, AmendRefusal> =>
      amending<null, AmendRefusal>(amend.stayId, (stay) => {
        const { stayId, vehicleType, ev, accessible } = amend;
        const after = { vehicleType, ev, accessible };
        change(stayId, after);
        const before = { vehicleType: stay.vehicleType, ev: stay.ev, accessible: stay.accessible };
        const kinds = { before: JSON.stringify(before), after: JSON.stringify(after) };
        write(amend, { what: "vehicle", ...kinds }, wallMs);
        return ok(null);
      }),
    setLostTicket: losing(db, parts, write, amending),
    addPenalty: fining(db, parts, write),
    voidStay: voiding(db, parts, write, amending),
  };
}

export function implausibleEntry(): Refusal<"entry_invalid"> {
  return refusal("entry_invalid", "operator", "The entry is a time before now, and not years ago.");
}

function insideOf(db: GateDatabase, stayId: StayId): Result<StayRow, AmendRefusal> {
  const stay = db.select().from(stays).where(eq(stays.id, stayId)).get();
  if (stay === undefined) return err(unknownStay());
  if (stay.status === "provisional" || stay.status === "open") return ok(stay);
  return err(refusal("stay_left", "operator", "This vehicle is not inside any more."));
}

type Amending = <T, R>(stayId: StayId, work: (stay: StayRow) => Result<T, R>) => Result<T, R | AmendRefusal>;

/** A new ticket in place of one that was lost, which is void from now on. */
function losing(
  db: GateDatabase,
  { mint, writeLog }: MoneyParts,
  write: AmendmentWriter,
  amending: Amending,
) {
  return (
    amend: Amend & {
      /** The entry time is known all the same, by the plate. */
      readonly proven: boolean;
    },
    { wallMs: at }: Now,
  ): Result<{ readonly ticketNumber: TicketNumber }, AmendRefusal> =>
    amending<{ readonly ticketNumber: TicketNumber }, AmendRefusal>(amend.stayId, (stay) => {
      const { stayId, proven, place: lane, actor } = amend;
      const lostTicket = proven ? "proven" : "unproven";
      const number = unusedNumber(db, mint);
      const current = and(eq(tickets.stayId, stayId), isNull(tickets.replacedBy));
      const old = db.select().from(tickets).where(current).get();
      db.update(tickets).set({ voidedAt: at, replacedBy: number }).where(current).run();
      db.insert(tickets).values({ number, stayId, lane, issuedAt: at }).run();
      db.update(stays).set({ lostTicket }).where(eq(stays.id, stayId)).run();
      write(amend, { what: "lost_ticket", before: stay.lostTicket, after: lostTicket }, at);
      const numbers = { stay_id: stayId, old_number: old?.number ?? number, new_number: number };
      const reason = detailOf(amend.reason);
      writeLog({ kind: "ticket.replaced", payload: { ...numbers, actor, reason, at: instantOf(at) } }, at);
      return ok({ ticketNumber: number });
    });
}

/** A number that no ticket has had. */
export function unusedNumber(db: GateDatabase, mint: IdMint): TicketNumber {
  for (;;) {
    const number = mint.ticketNumber();
    if (db.select().from(tickets).where(eq(tickets.number, number)).get() === undefined) return number;
  }
}

function fining(db: GateDatabase, { acts }: MoneyParts, write: AmendmentWriter) {
  /** Gives a stay one of the tariff's penalties. */
  return (
    amend: Amend & { readonly penalty: string; readonly idempotencyKey: string },
    { wallMs }: Now,
  ): Result<Done<{ readonly penalty: string }>, PenaltyRefusal> => {
    const { stayId, penalty, idempotencyKey } = amend;
    return acts.once(
      { idempotencyKey, act: "penalty", stayId },
      wallMs,
      (): Result<{ readonly penalty: string }, PenaltyRefusal> => {
        const stay = insideOf(db, stayId);
        if (!stay.ok) return stay;
        const its = and(eq(stayAmendments.stayId, stayId), eq(stayAmendments.what, "penalty"));
        const given = db.select({ n: count() }).from(stayAmendments).where(its).get();
        if ((given?.n ?? 0) >= MAX_PENALTIES)
          return err(refusal("too_many_penalties", "operator", "This stay has too many penalties already."));
        write(amend, { what: "penalty", before: "", after: penalty }, wallMs);
        return ok({ penalty });
      },
    );
  };
}

/** A stay that never was: begun by mistake, or twice. What it owes is taken back; one that was paid for is kept. */
function voiding(
  db: GateDatabase,
  { ledger, book, writeLog }: MoneyParts,
  write: AmendmentWriter,
  amending: Amending,
) {
  return (amend: Amend, { wallMs: at }: Now): Result<null, VoidRefusal> =>
    amending<null, VoidRefusal>(amend.stayId, (stay) => {
      const { stayId, place: lane } = amend;
      const paid = db
        .select({ minor: sql<number>`coalesce(sum(${entries.amountMinor}), 0)` })
        .from(entries)
        .where(and(eq(entries.stayId, stayId), sql`${entries.kind} in ('payment', 'change', 'refund')`))
        .get();
      if ((paid?.minor ?? 0) !== 0)
        return err(refusal("stay_paid", "operator", "It was paid for: give the money back first."));
      if (stay.balanceMinor !== 0) {
        const back = { kind: "correction", side: "credited", amountMinor: -stay.balanceMinor } as const;
        ledger.add(stayId, back, { ...doingOf(amend, book.openOf(amend.actor), at), reason: "void" });
      }
      db.update(stays).set({ status: "void" }).where(eq(stays.id, stayId)).run();
      db.update(tickets).set({ voidedAt: at }).where(eq(tickets.stayId, stayId)).run();
      write(amend, { what: "void", before: stay.status, after: "void" }, at);
      const payload = { stay_id: stayId, lane, at: instantOf(at), reason: amend.reason.slice(0, 80) };
      writeLog({ kind: "stay.voided", payload }, at);
      return ok(null);
    });
}
