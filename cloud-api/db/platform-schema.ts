import { sql } from "drizzle-orm";
import {
  bigserial,
  customType,
  index,
  json,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
  uuid,
} from "drizzle-orm/pg-core";
import { bytes, counted, instant } from "./columns.ts";

/** What all domains write: the audit log, the stream of changes, holds on what would be deleted. */

/** PostgreSQL's id of a transaction, 64 bits, as text. */
const transactionId = customType<{ data: string }>({ dataType: () => "xid8" });

/**
 * Who did what. A row is written with what it tells of; within a second the chainer gives it its place and hash in the
 * chain of its tenant, so that no two requests wait for each other. See audit/.
 */
export const auditEntries = pgTable(
  "audit_entries",
  {
    /** The platform's own acts have PLATFORM_TENANT of audit/rules.ts. */
    organisationId: uuid("organisation_id").notNull(),
    id: uuid("id").notNull(),
    ordinal: bigserial("ordinal", { mode: "number" }).notNull(),
    at: instant("at").notNull(),
    actor: text("actor").notNull(),
    role: text("role").notNull(),
    /** `booking.cancelled`, `tariff.published`, ... */
    action: text("action").notNull(),
    subject: text("subject").notNull(),
    facilityId: uuid("facility_id"),
    detail: json("detail").notNull(),
    requestId: text("request_id").notNull(),
    /** Its place in the chain; null = not chained yet. */
    seq: counted("seq"),
    previousHash: bytes("previous_hash"),
    hash: bytes("hash"),
  },
  (table) => [
    // Entries are read in their order, never by their ids. Each index is written with every act: there are no more.
    primaryKey({ columns: [table.organisationId, table.ordinal] }),
    uniqueIndex("audit_entries_seq")
      .on(table.organisationId, table.seq)
      .where(sql`${table.seq} is not null`),
    index("audit_entries_loose")
      .on(table.ordinal)
      .where(sql`${table.seq} is null`),
  ],
);

/**
 * What changed at a facility, for those who watch it. Read in the order of (xid, id), and only below the oldest
 * transaction that still runs, so that nothing appears behind a reader's back. See live/.
 */
export const facilityChanges = pgTable(
  "facility_changes",
  {
    facilityId: uuid("facility_id").notNull(),
    id: bigserial("id", { mode: "number" }).notNull(),
    xid: transactionId("xid")
      .notNull()
      .default(sql`pg_current_xact_id()`),
    /** `availability`, `booking`, `spot`, `violation`, `payment`, `tariff`, `lane`, ... */
    kind: text("kind").notNull(),
    body: json("body").notNull(),
    at: instant("at").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.facilityId, table.xid, table.id] }),
    // They are written in the order of time, and forgotten in it.
    index("facility_changes_at").using("brin", table.at),
  ],
);

/** What must not be deleted while somebody has a claim on it. */
export const legalHolds = pgTable(
  "legal_holds",
  {
    organisationId: uuid("organisation_id").notNull(),
    id: uuid("id").notNull(),
    facilityId: uuid("facility_id").notNull(),
    /** One of the two; both null = everything of the facility. */
    plate: text("plate"),
    stayId: uuid("stay_id"),
    reason: text("reason").notNull(),
    by: text("by").notNull(),
    at: instant("at").notNull(),
    liftedAt: instant("lifted_at"),
  },
  (table) => [
    primaryKey({ columns: [table.organisationId, table.id] }),
    index("legal_holds_facility").on(table.facilityId),
  ],
);
