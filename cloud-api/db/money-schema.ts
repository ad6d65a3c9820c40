import { sql } from "drizzle-orm";
import {
  boolean,
  date,
  index,
  integer,
  json,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
  uuid,
} from "drizzle-orm/pg-core";
import { counted, instant } from "./columns.ts";

/** Tariffs, and the money that goes through payment providers. Amounts are integers in the currency's minor unit. */

export const tariffVersions = pgTable(
  "tariff_versions",
  {
    facilityId: uuid("facility_id").notNull(),
    tariffId: text("tariff_id").notNull(),
    version: integer("version").notNull(),
    status: text("status", { enum: ["draft", "published", "withdrawn"] }).notNull(),
    title: text("title").notNull(),
    /** As in a tariff file: see shared/pricing/TARIFFS.md. */
    document: json("document").notNull(),
    /** From when on it prices stays; null while it is a draft. */
    validFrom: instant("valid_from"),
    madeBy: text("made_by").notNull(),
    madeAt: instant("made_at").notNull(),
    publishedAt: instant("published_at"),
  },
  (table) => [
    primaryKey({ columns: [table.facilityId, table.tariffId, table.version] }),
    index("tariff_versions_in_force").on(table.facilityId, table.status, table.validFrom),
  ],
);

export const PAYMENT_STATUSES = [
  "created",
  "pending",
  "authorized",
  "captured",
  "failed",
  "cancelled",
] as const;

/** Payments through a provider, from the moment that somebody wants to pay; never a card's number. */
export const providerPayments = pgTable(
  "provider_payments",
  {
    facilityId: uuid("facility_id").notNull(),
    id: uuid("id").notNull(),
    /** Who pays; null = somebody with a ticket. */
    userId: uuid("user_id"),
    purpose: text("purpose", { enum: ["stay", "booking", "violation", "subscription"] }).notNull(),
    /** The stay, booking, violation or subscription. */
    subjectId: uuid("subject_id").notNull(),
    provider: text("provider").notNull(),
    method: text("method", { enum: ["card", "upi", "online", "cash"] }).notNull(),
    /** The provider's own id; null = it was asked for, and no answer came yet. */
    reference: text("reference"),
    /** The provider's own id of the movement of money, where that is another. */
    charge: text("charge"),
    status: text("status", { enum: PAYMENT_STATUSES }).notNull(),
    /** The money is only reserved until somebody captures it. */
    manualCapture: boolean("manual_capture").notNull().default(false),
    amountMinor: counted("amount_minor").notNull(),
    capturedMinor: counted("captured_minor").notNull().default(0),
    refundedMinor: counted("refunded_minor").notNull().default(0),
    currency: text("currency").notNull(),
    failure: text("failure"),
    madeAt: instant("made_at").notNull(),
    changedAt: instant("changed_at").notNull(),
    capturedAt: instant("captured_at"),
    /** When the provider is asked again; null = its end is known. */
    pollAt: instant("poll_at"),
    polls: integer("polls").notNull().default(0),
  },
  (table) => [
    primaryKey({ columns: [table.facilityId, table.id] }),
    uniqueIndex("provider_payments_reference").on(table.facilityId, table.provider, table.reference),
    index("provider_payments_by_reference").on(table.provider, table.reference),
    index("provider_payments_by_charge").on(table.provider, table.charge),
    index("provider_payments_id").on(table.id),
    // One at a time: nobody pays for the same thing in two windows.
    uniqueIndex("provider_payments_open")
      .on(table.facilityId, table.purpose, table.subjectId)
      .where(sql`${table.status} in ('created', 'pending', 'authorized')`),
    index("provider_payments_subject").on(table.facilityId, table.purpose, table.subjectId),
    index("provider_payments_user").on(table.userId, table.madeAt),
    index("provider_payments_made").on(table.facilityId, table.madeAt),
    // For the metrics.
    index("provider_payments_changed").on(table.changedAt),
    index("provider_payments_poll")
      .on(table.pollAt)
      .where(sql`${table.pollAt} is not null`),
  ],
);

export const refunds = pgTable(
  "refunds",
  {
    facilityId: uuid("facility_id").notNull(),
    id: uuid("id").notNull(),
    paymentId: uuid("payment_id").notNull(),
    amountMinor: counted("amount_minor").notNull(),
    currency: text("currency").notNull(),
    status: text("status", { enum: ["asked", "pending", "done", "failed"] }).notNull(),
    /** The provider's own id. */
    reference: text("reference"),
    reason: text("reason").notNull(),
    actor: text("actor").notNull(),
    madeAt: instant("made_at").notNull(),
    changedAt: instant("changed_at").notNull(),
    pollAt: instant("poll_at"),
    polls: integer("polls").notNull().default(0),
  },
  (table) => [
    primaryKey({ columns: [table.facilityId, table.id] }),
    index("refunds_payment").on(table.facilityId, table.paymentId),
    index("refunds_poll")
      .on(table.pollAt)
      .where(sql`${table.pollAt} is not null`),
  ],
);

/** What was booked of payments through providers; never changed, never deleted. */
export const providerLedger = pgTable(
  "provider_ledger",
  {
    facilityId: uuid("facility_id").notNull(),
    id: uuid("id").notNull(),
    kind: text("kind", { enum: ["capture", "refund"] }).notNull(),
    paymentId: uuid("payment_id").notNull(),
    refundId: uuid("refund_id"),
    provider: text("provider").notNull(),
    reference: text("reference").notNull(),
    /** Captures are positive, refunds negative; a refund that the bank sent back is positive again. */
    amountMinor: counted("amount_minor").notNull(),
    currency: text("currency").notNull(),
    at: instant("at").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.facilityId, table.id] }),
    uniqueIndex("provider_ledger_once").on(table.facilityId, table.kind, table.provider, table.reference),
    uniqueIndex("provider_ledger_captured")
      .on(table.facilityId, table.paymentId)
      .where(sql`${table.kind} = 'capture'`),
    index("provider_ledger_reference").on(table.provider, table.reference),
    index("provider_ledger_at").on(table.facilityId, table.at),
    index("provider_ledger_day").on(table.provider, table.at),
  ],
);

/** A provider's own list of a UTC day, held against the ledger. */
export const reconciliations = pgTable(
  "reconciliations",
  {
    provider: text("provider").notNull(),
    day: date("day", { mode: "string" }).notNull(),
    currency: text("currency").notNull(),
    at: instant("at").notNull(),
    theirCount: integer("their_count").notNull(),
    theirMinor: counted("their_minor").notNull(),
    ourCount: integer("our_count").notNull(),
    ourMinor: counted("our_minor").notNull(),
    /** What differs: `[{reference, facility_id, theirs, ours}]`. */
    differences: json("differences").notNull(),
  },
  (table) => [primaryKey({ columns: [table.provider, table.day, table.currency] })],
);
