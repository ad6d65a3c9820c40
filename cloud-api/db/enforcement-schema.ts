import { sql } from "drizzle-orm";
import { boolean, index, integer, pgTable, primaryKey, text, uniqueIndex, uuid } from "drizzle-orm/pg-core";
import { counted, instant } from "./columns.ts";

/** Violations, what they cost, and what their drivers say to them. */

export const VIOLATION_KINDS = [
  "overstay",
  "wrong_spot",
  "no_payment",
  "accessible_misuse",
  "ev_misuse",
  "blocked_plate",
  "other",
] as const;

export const penaltyRules = pgTable(
  "penalty_rules",
  {
    facilityId: uuid("facility_id").notNull(),
    kind: text("kind", { enum: VIOLATION_KINDS }).notNull(),
    amountMinor: counted("amount_minor").notNull(),
    /** For every hour that is begun, beside `amount_minor`; 0 = none. */
    perHourMinor: counted("per_hour_minor").notNull().default(0),
    maxMinor: counted("max_minor"),
    /** What is let go. */
    graceMinutes: integer("grace_minutes").notNull().default(0),
    /** Days to pay or to dispute. */
    dueDays: integer("due_days").notNull().default(14),
    currency: text("currency").notNull(),
    changedAt: instant("changed_at").notNull(),
    changedBy: text("changed_by").notNull(),
  },
  (table) => [primaryKey({ columns: [table.facilityId, table.kind] })],
);

export const VIOLATION_STATUSES = ["open", "disputed", "upheld", "dismissed", "paid", "void"] as const;

export const violations = pgTable(
  "violations",
  {
    facilityId: uuid("facility_id").notNull(),
    id: uuid("id").notNull(),
    kind: text("kind", { enum: VIOLATION_KINDS }).notNull(),
    status: text("status", { enum: VIOLATION_STATUSES }).notNull(),
    source: text("source", { enum: ["gate", "patrol", "system"] }).notNull(),
    /** What it came from: the same once more is the same violation. */
    sourceKey: text("source_key").notNull(),
    plate: text("plate"),
    stayId: uuid("stay_id"),
    bookingId: uuid("booking_id"),
    spotId: uuid("spot_id"),
    /** The driver whose booking or vehicle it is, where one is known. */
    userId: uuid("user_id"),
    /** How long it went on, where that is known; see enforcement/rules.ts. */
    minutes: integer("minutes"),
    /** It lasts still, and its penalty grows. */
    goesOn: boolean("goes_on").notNull().default(false),
    penaltyMinor: counted("penalty_minor").notNull(),
    currency: text("currency").notNull(),
    note: text("note").notNull().default(""),
    /** Ids of pictures: see fleet/pictures. */
    pictures: text("pictures").array().notNull(),
    reportedBy: text("reported_by").notNull(),
    at: instant("at").notNull(),
    dueAt: instant("due_at").notNull(),
    closedAt: instant("closed_at"),
    /** Why it is void. */
    voidReason: text("void_reason"),
  },
  (table) => [
    primaryKey({ columns: [table.facilityId, table.id] }),
    uniqueIndex("violations_once").on(table.facilityId, table.source, table.sourceKey),
    index("violations_id").on(table.id),
    index("violations_at").on(table.facilityId, table.at),
    index("violations_user").on(table.userId, table.at),
    index("violations_plate").on(table.facilityId, table.plate),
    index("violations_going_on")
      .on(table.facilityId)
      .where(sql`${table.goesOn}`),
    index("violations_stay").on(table.facilityId, table.stayId),
  ],
);

export const disputes = pgTable(
  "disputes",
  {
    facilityId: uuid("facility_id").notNull(),
    id: uuid("id").notNull(),
    violationId: uuid("violation_id").notNull(),
    userId: uuid("user_id").notNull(),
    text: text("text").notNull(),
    at: instant("at").notNull(),
    decision: text("decision", { enum: ["upheld", "dismissed", "reduced"] }),
    reducedToMinor: counted("reduced_to_minor"),
    decidedBy: text("decided_by"),
    decidedAt: instant("decided_at"),
    answer: text("answer"),
  },
  (table) => [
    primaryKey({ columns: [table.facilityId, table.id] }),
    uniqueIndex("disputes_violation").on(table.facilityId, table.violationId),
  ],
);
