import { and, asc, desc, eq, or, sql, type SQL } from "drizzle-orm";
import {
  asId,
  parseTicketNumber,
  type PaymentId,
  type StayId,
  type TicketNumber,
  type ValidationId,
} from "@parkme/shared/domain/ids";
import type { LedgerKind } from "@parkme/shared/domain/ledger";
import { normalisePlate } from "@parkme/shared/domain/plate";
import type { PaymentMethod, ReviewReason, RightKind, StayStatus } from "@parkme/shared/domain/stay";
import type { GivenValidation, StayAccount } from "@parkme/shared/domain/stay-account";
import type { ValidationValue } from "@parkme/shared/pricing/quote-model";
import type { Ledger } from "./ledger.ts";
import { ledger as entries, payments, receipts, stayAmendments, validations } from "./money-schema.ts";
import type { GateDatabase } from "./open.ts";
import { refundedOf } from "./payments.ts";
import { stays, tickets } from "./schema.ts";
import { CURRENT_TICKET, MAY_BE_INSIDE } from "./statements.ts";

/** A stay as an attendant finds it. What is due now is the tariff's to say. */
export type StayFound = {
  readonly stayId: StayId;
  readonly ticketNumber: TicketNumber;
  readonly plate: string | null;
  readonly status: StayStatus;
  readonly entryWallMs: number;
  readonly exitWallMs: number | null;
  readonly rightKind: RightKind | null;
  readonly review: ReviewReason | null;
  readonly balanceMinor: number;
};

/** What else there is to know of a stay. */
export type StayDetail = {
  readonly entryLane: string;
  readonly review: ReviewReason | null;
  /** Oldest first. Amounts are what they add to what the stay owes. */
  readonly entries: readonly {
    readonly kind: LedgerKind;
    readonly amountMinor: number;
    readonly wallMs: number;
    readonly actor: string;
    readonly reason: string;
    readonly method: PaymentMethod | null;
  }[];
  readonly payments: readonly {
    readonly paymentId: PaymentId;
    readonly method: PaymentMethod;
    readonly amountMinor: number;
    readonly refundedMinor: number;
    readonly wallMs: number;
    readonly actor: string;
    readonly reference: string | null;
    readonly receipt: { readonly number: number; readonly token: string } | null;
  }[];
  /** What debtors owe for it. */
  readonly debtMinor: number;
};

type Row = { readonly stay: typeof stays.$inferSelect; readonly ticketNumber: string };

/** Stays as they are priced, paid for and looked for. */
export function stayAccounts(db: GateDatabase, ledger: Ledger) {
  const accountOf = accountReader(db, ledger);
  return {
    /** A stay as it is priced and paid for; null = there is no such stay. */
    stayAccount: accountOf,
    stayDetail: detailReader(db),
    findStays: stayFinder(db),
  };
}

function accountReader(db: GateDatabase, ledger: Ledger): (stayId: StayId) => StayAccount | null {
  const id = sql.placeholder("id");
  const one = db
    .select({ stay: stays, ticketNumber: tickets.number })
    .from(stays)
    .innerJoin(tickets, CURRENT_TICKET)
    .where(eq(stays.id, id))
    .prepare();
  const given = db
    .select()
    .from(validations)
    .where(eq(validations.stayId, id))
    .orderBy(asc(sql`${validations}.rowid`))
    .prepare();
  const fines = db
    .select({ penalty: stayAmendments.after })
    .from(stayAmendments)
    .where(and(eq(stayAmendments.stayId, id), eq(stayAmendments.what, "penalty")))
    .orderBy(asc(stayAmendments.id))
    .prepare();
  return (stayId) => {
    const row = one.get({ id: stayId });
    if (row === undefined) return null;
    return {
      ...plainPart(row),
      ...ledger.sumsOf(stayId),
      balanceMinor: row.stay.balanceMinor,
      validations: given.all({ id: stayId }).map(validationOf),
      penalties: fines.all({ id: stayId }).map(({ penalty }) => penalty),
    };
  };
}

type Plain = Omit<
  StayAccount,
  "validations" | "penalties" | "chargedMinor" | "validatedMinor" | "creditedMinor" | "balanceMinor"
>;

function plainPart({ stay, ticketNumber }: Row): Plain {
  const { rightKind, rightId, tariffId, tariffVersion } = stay;
  return {
    stayId: asId<StayId>(stay.id),
    ticketNumber: ticketNumber as TicketNumber,
    plate: stay.plate,
    status: stay.status,
    entryWallMs: stay.entryAt,
    exitWallMs: stay.exitAt,
    right: rightKind === null || rightId === null ? null : { kind: rightKind, id: rightId },
    vehicleType: stay.vehicleType,
    ev: stay.ev,
    accessible: stay.accessible,
    tariff: tariffId === null || tariffVersion === null ? null : { id: tariffId, version: tariffVersion },
    occupancyPercent: stay.occupancyPercent,
    lostTicket: stay.lostTicket,
    settledWallMs: stay.settledAt,
  };
}

function validationOf(row: typeof validations.$inferSelect): GivenValidation {
  return {
    validationId: asId<ValidationId>(row.id),
    merchant: row.merchant,
    name: row.name,
    value: JSON.parse(row.value) as ValidationValue,
    wallMs: row.at,
  };
}

function detailReader(db: GateDatabase): (stayId: StayId) => StayDetail | null {
  return (stayId) => {
    const stay = db.select().from(stays).where(eq(stays.id, stayId)).get();
    if (stay === undefined) return null;
    const booked = db
      .select()
      .from(entries)
      .where(eq(entries.stayId, stayId))
      .orderBy(asc(entries.seq))
      .all();
    const owed = booked.filter(({ debtor }) => debtor !== null);
    return {
      entryLane: stay.entryLane,
      review: stay.review,
      entries: booked.map(({ kind, amountMinor, at: wallMs, actor, reason, method }) => ({
        kind,
        amountMinor,
        wallMs,
        actor,
        reason,
        method,
      })),
      payments: paymentsOf(db, stayId),
      debtMinor: owed.reduce((minor, { amountMinor }) => minor - amountMinor, 0),
    };
  };
}

function paymentsOf(db: GateDatabase, stayId: StayId): StayDetail["payments"] {
  return db
    .select({ payment: payments, number: receipts.number, token: receipts.token })
    .from(payments)
    .leftJoin(receipts, and(eq(receipts.paymentId, payments.id), eq(receipts.kind, "payment")))
    .where(eq(payments.stayId, stayId))
    .orderBy(asc(sql`${payments}.rowid`))
    .all()
    .map(({ payment, number, token }) => ({
      paymentId: asId<PaymentId>(payment.id),
      method: payment.method,
      amountMinor: payment.amountMinor,
      refundedMinor: refundedOf(db, payment.id),
      wallMs: payment.at,
      actor: payment.actor,
      reference: payment.reference,
      receipt: number === null || token === null ? null : { number, token },
    }));
}

/** Fewer characters of a plate fit half of all vehicles. */
const LEAST_OF_PLATE = 2;

function stayFinder(db: GateDatabase): (query: string, limit: number) => readonly StayFound[] {
  const rowsOf = (which: SQL | undefined, limit: number): StayFound[] =>
    db
      .select({ stay: stays, ticketNumber: tickets.number })
      .from(stays)
      .innerJoin(tickets, CURRENT_TICKET)
      .where(which)
      .orderBy(desc(stays.entryAt), desc(stays.id))
      .limit(limit)
      .all()
      .map(foundOf);
  /** A ticket that was replaced leads to its stay as well. */
  const byTicket = (number: TicketNumber): StayFound[] => {
    const ticket = db.select().from(tickets).where(eq(tickets.number, number)).get();
    return ticket === undefined ? [] : rowsOf(eq(stays.id, ticket.stayId), 1);
  };
  /**
   * Stays by ticket number, or by plate: inside by any part of it, gone by how it begins. Latest first; without a
   * query, those inside.
   */
  return (query, limit) => {
    if (query.trim() === "") return rowsOf(MAY_BE_INSIDE, limit);
    const number = parseTicketNumber(query);
    const ticketed = number === null ? [] : byTicket(number);
    const plate = query.toUpperCase().replaceAll(/[^A-Z0-9]/g, "");
    if (ticketed.length > 0 || plate.length < LEAST_OF_PLATE) return ticketed;
    const exact = normalisePlate(query) ?? plate;
    const begins = sql`${stays.plate} is not null and ${stays.plate} >= ${plate} and ${stays.plate} < ${`${plate}~`}`;
    const inside = rowsOf(and(MAY_BE_INSIDE, sql`instr(${stays.plate}, ${plate}) > 0`), limit);
    const ever = rowsOf(or(begins, eq(stays.plate, exact)), limit);
    const found = new Map([...inside, ...ever].map((stay) => [stay.stayId, stay]));
    return [...found.values()].slice(0, limit);
  };
}

function foundOf({ stay, ticketNumber }: Row): StayFound {
  return {
    stayId: asId<StayId>(stay.id),
    ticketNumber: ticketNumber as TicketNumber,
    plate: stay.plate,
    status: stay.status,
    entryWallMs: stay.entryAt,
    exitWallMs: stay.exitAt,
    rightKind: stay.rightKind,
    review: stay.review,
    balanceMinor: stay.balanceMinor,
  };
}
