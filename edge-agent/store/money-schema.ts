import { sql } from "drizzle-orm";
import { check, index, integer, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import { DRAWER_MOVES, LEDGER_KINDS } from "@parkme/shared/domain/ledger";
import { AMENDMENTS } from "@parkme/shared/domain/stay-account";
import { ATTEMPT_STATUSES, PAYMENT_METHODS } from "@parkme/shared/domain/stay";
import { stays } from "./schema.ts";

/**
 * What concerns money. Times are Unix milliseconds (`_at`), amounts are minor units of the facility's currency. Rows
 * of the ledger, of payments, drawer moves and receipts are only ever added: triggers in the migration refuse all else.
 */

/**
 * Every act that a key makes unique, with what was answered: sent twice, it is done once. Within the transaction of
 * what it did.
 */
export const moneyActs = sqliteTable("money_acts", {
  idempotencyKey: text("idempotency_key").primaryKey(),
  act: text().notNull(),
  /** Null = it concerns no stay. */
  stayId: text("stay_id"),
  /** JSON of the answer. */
  answer: text().notNull(),
  at: integer().notNull(),
});

/** A cashier's drawer from float to count. */
export const shifts = sqliteTable(
  "shifts",
  {
    id: text().primaryKey(),
    attendant: text().notNull(),
    openedAt: integer("opened_at").notNull(),
    /** True = the first cash opened it, with a float that nobody counted. */
    openedByPayment: integer("opened_by_payment", { mode: "boolean" }).notNull(),
    floatMinor: integer("float_minor").notNull(),
    /** Null while it is open, and so are the others. */
    closedAt: integer("closed_at"),
    countedMinor: integer("counted_minor"),
    expectedMinor: integer("expected_minor"),
    note: text(),
    /** Numbered without a gap in the facility. */
    zNumber: integer("z_number"),
  },
  (t) => [
    uniqueIndex("shifts_open")
      .on(t.attendant)
      .where(sql`${t.closedAt} is null`),
    uniqueIndex("shifts_by_z").on(t.zNumber),
    index("shifts_by_time").on(t.openedAt),
    index("shifts_by_closing")
      .on(t.closedAt)
      .where(sql`${t.closedAt} is not null`),
  ],
);

/** Cash into and out of a drawer besides payments. */
export const drawerMoves = sqliteTable(
  "drawer_moves",
  {
    id: integer().primaryKey({ autoIncrement: true }),
    shiftId: text("shift_id")
      .notNull()
      .references(() => shifts.id),
    kind: text({ enum: DRAWER_MOVES }).notNull(),
    amountMinor: integer("amount_minor").notNull(),
    actor: text().notNull(),
    reason: text().notNull(),
    at: integer().notNull(),
  },
  (t) => [
    index("drawer_moves_by_shift").on(t.shiftId),
    check("drawer_moves_positive", sql`${t.amountMinor} > 0`),
  ],
);

export const payments = sqliteTable(
  "payments",
  {
    id: text().primaryKey(),
    stayId: text("stay_id")
      .notNull()
      .references(() => stays.id),
    lane: text().notNull(),
    method: text({ enum: PAYMENT_METHODS }).notNull(),
    amountMinor: integer("amount_minor").notNull(),
    changeMinor: integer("change_minor").notNull(),
    currency: text().notNull(),
    actor: text().notNull(),
    at: integer().notNull(),
    idempotencyKey: text("idempotency_key").notNull(),
    /** The shift that took it; null = none: a terminal in a lane, a pay station, the cloud. */
    shiftId: text("shift_id").references(() => shifts.id),
    /** A terminal's or a bank's own number of it. */
    reference: text(),
    /** What was handed over: the amount and the change. */
    tenderedMinor: integer("tendered_minor").notNull().default(0),
  },
  (t) => [
    uniqueIndex("payments_once").on(t.idempotencyKey),
    index("payments_by_stay").on(t.stayId),
    index("payments_by_time").on(t.at),
    index("payments_by_shift")
      .on(t.shiftId)
      .where(sql`${t.shiftId} is not null`),
    uniqueIndex("payments_by_bank")
      .on(t.reference, t.method)
      .where(sql`${t.reference} is not null and ${t.method} in ('upi', 'online')`),
    check("payments_positive", sql`${t.amountMinor} >= 0 and ${t.changeMinor} >= 0`),
  ],
);

/** Card payments as they stand: the last step of each. */
export const paymentAttempts = sqliteTable(
  "payment_attempts",
  {
    id: text().primaryKey(),
    stayId: text("stay_id")
      .notNull()
      .references(() => stays.id),
    lane: text().notNull(),
    amountMinor: integer("amount_minor").notNull(),
    currency: text().notNull(),
    status: text({ enum: ATTEMPT_STATUSES }).notNull(),
    /** The terminal's receipt number, as soon as it gave one. */
    receipt: text(),
    begunAt: integer("begun_at").notNull(),
    updatedAt: integer("updated_at").notNull(),
  },
  (t) => [
    index("payment_attempts_unsettled")
      .on(t.lane)
      .where(sql`${t.status} in ('begun', 'unknown', 'reversing')`),
  ],
);

/** What became of each attempt, step by step. */
export const attemptSteps = sqliteTable(
  "attempt_steps",
  {
    id: integer().primaryKey({ autoIncrement: true }),
    attemptId: text("attempt_id")
      .notNull()
      .references(() => paymentAttempts.id),
    status: text({ enum: ATTEMPT_STATUSES }).notNull(),
    receipt: text(),
    detail: text().notNull(),
    at: integer().notNull(),
  },
  (t) => [index("attempt_steps_by_attempt").on(t.attemptId)],
);

/**
 * Every movement of money of every stay, in this order. The sum of a stay's entries is what it owes, and each belongs
 * to one of three sums: what it was charged, what validations took off, and what was paid or taken off otherwise.
 */
export const ledger = sqliteTable(
  "ledger",
  {
    seq: integer().primaryKey({ autoIncrement: true }),
    id: text().notNull(),
    stayId: text("stay_id")
      .notNull()
      .references(() => stays.id),
    kind: text({ enum: LEDGER_KINDS }).notNull(),
    /** Of a correction: which of the sums it corrects. */
    side: text({ enum: ["charged", "validated", "credited"] }).notNull(),
    /** What it adds to what the stay owes. */
    amountMinor: integer("amount_minor").notNull(),
    currency: text().notNull(),
    method: text({ enum: PAYMENT_METHODS }),
    /** The payment that it is part of; of a refund, the one that is given back. */
    paymentId: text("payment_id").references(() => payments.id),
    shiftId: text("shift_id").references(() => shifts.id),
    place: text().notNull(),
    actor: text().notNull(),
    reason: text().notNull(),
    /** Who owes it now: of debts, and of corrections that collect them. */
    debtor: text(),
    at: integer().notNull(),
  },
  (t) => [
    uniqueIndex("ledger_by_id").on(t.id),
    index("ledger_by_stay").on(t.stayId),
    index("ledger_by_time").on(t.at),
    index("ledger_by_shift")
      .on(t.shiftId)
      .where(sql`${t.shiftId} is not null`),
    index("ledger_by_payment")
      .on(t.paymentId)
      .where(sql`${t.paymentId} is not null`),
    check(
      "ledger_signs",
      sql`case ${t.kind} when 'charge' then ${t.amountMinor} >= 0 when 'change' then ${t.amountMinor} > 0 when 'refund' then ${t.amountMinor} > 0 when 'correction' then ${t.amountMinor} <> 0 else ${t.amountMinor} < 0 end`,
    ),
  ],
);

/** Receipts and credit notes as they were issued. */
export const receipts = sqliteTable(
  "receipts",
  {
    number: integer().primaryKey(),
    kind: text({ enum: ["payment", "refund"] }).notNull(),
    paymentId: text("payment_id")
      .notNull()
      .references(() => payments.id),
    stayId: text("stay_id")
      .notNull()
      .references(() => stays.id),
    shiftId: text("shift_id").references(() => shifts.id),
    at: integer().notNull(),
    /** Canonical text: everything that it says. */
    text: text().notNull(),
    /** SHA-256 of the text, hex. */
    hash: text().notNull(),
    keyId: integer("key_id").notNull(),
    signature: text().notNull(),
    token: text().notNull(),
  },
  (t) => [
    uniqueIndex("receipts_by_token").on(t.token),
    index("receipts_by_day").on(t.at),
    index("receipts_by_payment").on(t.paymentId),
    index("receipts_by_shift")
      .on(t.shiftId)
      .where(sql`${t.shiftId} is not null`),
  ],
);

/** Merchants' discounts given to stays; what each takes off is booked when the stay is paid for. */
export const validations = sqliteTable(
  "validations",
  {
    id: text().primaryKey(),
    stayId: text("stay_id")
      .notNull()
      .references(() => stays.id),
    merchant: text().notNull(),
    name: text().notNull(),
    /** JSON of the ValidationValue. */
    value: text().notNull(),
    /** Of a code: it is in the spent codes. */
    serial: text(),
    actor: text().notNull(),
    at: integer().notNull(),
  },
  (t) => [
    index("validations_by_stay").on(t.stayId),
    index("validations_by_merchant").on(t.merchant, t.at),
    index("validations_by_time").on(t.at),
  ],
);

/** What people changed of stays, with what was before. */
export const stayAmendments = sqliteTable(
  "stay_amendments",
  {
    id: integer().primaryKey({ autoIncrement: true }),
    stayId: text("stay_id")
      .notNull()
      .references(() => stays.id),
    what: text({ enum: AMENDMENTS }).notNull(),
    /** JSON. */
    before: text().notNull(),
    after: text().notNull(),
    actor: text().notNull(),
    reason: text().notNull(),
    shiftId: text("shift_id").references(() => shifts.id),
    at: integer().notNull(),
  },
  (t) => [
    index("stay_amendments_by_stay").on(t.stayId),
    index("stay_amendments_by_shift")
      .on(t.shiftId)
      .where(sql`${t.shiftId} is not null`),
  ],
);

/** Codes that count once: a merchant's, a reservation's. Shared by every lane and desk. */
export const spentCodes = sqliteTable("spent_codes", {
  code: text().primaryKey(),
  kind: text().notNull(),
  at: integer().notNull(),
  /** The lane or desk. */
  place: text().notNull(),
  stayId: text("stay_id"),
});

/** The versions of the facility's tariffs, as they were taken. */
export const tariffs = sqliteTable(
  "tariffs",
  {
    id: integer().primaryKey({ autoIncrement: true }),
    tariffId: text("tariff_id").notNull(),
    version: integer().notNull(),
    /** From when on it is in force. */
    fromAt: integer("from_at").notNull(),
    /** The document, as JSON. */
    document: text().notNull(),
    takenAt: integer("taken_at").notNull(),
    source: text().notNull(),
  },
  (t) => [uniqueIndex("tariffs_once").on(t.tariffId, t.version), index("tariffs_by_time").on(t.fromAt)],
);
