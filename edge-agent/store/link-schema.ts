import { sql } from "drizzle-orm";
import { check, index, integer, primaryKey, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import { REMOTE_ACTS } from "@parkme/shared/protocol/downlink";
import { COMMAND_OUTCOMES } from "@parkme/shared/protocol/link-facts";

/** The log, and what the gate knows of the cloud and from it. Times are Unix milliseconds (`_at`). */

/**
 * The log that travels to the cloud, in this order, written with the state it reports. See shared/protocol/log for the
 * line that each row is, and its hash.
 */
export const log = sqliteTable("log", {
  seq: integer().primaryKey({ autoIncrement: true }),
  eventId: text("event_id").notNull(),
  kind: text().notNull(),
  schemaVersion: integer("schema_version").notNull(),
  wallAt: integer("wall_at").notNull(),
  /** JSON of the payload. */
  payload: text().notNull(),
  epoch: integer().notNull().default(1),
  monotonicMs: integer("monotonic_ms").notNull().default(0),
  bootId: text("boot_id").notNull().default("-"),
  /** JSON of the RowImages that go with it, or null. */
  rows: text(),
  /** Null only in rows of before there was a chain, until the program has started once. */
  hash: text(),
});

/** One row: where the log and the link stand. */
export const linkState = sqliteTable(
  "link_state",
  {
    id: integer().primaryKey(),
    /** The history that the log is in. */
    epoch: integer().notNull().default(1),
    /** The last row that was pruned, or none: where the chain of those that are left begins. */
    anchorSeq: integer("anchor_seq").notNull().default(0),
    anchorHash: text("anchor_hash").notNull(),
    /** Not null = the cloud takes nothing from us any more, and why; until the program starts again. */
    fenced: text(),
    /**
     * The database was restored, and what the cloud knows is not adopted yet: rows after `restored_seq` are new, and
     * get their places behind the cloud's. Null = it was not.
     */
    restoredSeq: integer("restored_seq"),
    /** How far the cloud's lines are adopted, and up to where; with `restored_seq`. */
    adoptedSeq: integer("adopted_seq"),
    /** Hash of the last item of the downlink that was taken; its number is in agent_state. */
    downlinkHash: text("downlink_hash").notNull(),
    /** The cloud's key for manifests and commands: the first that was seen is kept. */
    signingKey: text("signing_key"),
    /** The cloud's clock minus ours, as estimated last. */
    clockOffsetMs: integer("clock_offset_ms"),
    /** The place of the cloud's log that this epoch began behind; null in the first. Its row may be still to adopt. */
    parentEpoch: integer("parent_epoch"),
    parentSeq: integer("parent_seq"),
    parentHash: text("parent_hash"),
    /** After a restore: the last receipt that is known to have been issued, with its hash, and the last Z report. */
    receiptNumber: integer("receipt_number").notNull().default(0),
    receiptHash: text("receipt_hash"),
    zNumber: integer("z_number").notNull().default(0),
    /** Books of before this day (UTC) are not compared: what older versions told is less than what they kept. */
    booksFrom: text("books_from"),
    /** Why the epoch began, in words for the cloud. */
    epochReason: text("epoch_reason"),
  },
  (t) => [check("link_state_single", sql`${t.id} = 1`)],
);

/** Lines of the cloud that could not be put into the state after a restore: for a person to look at. */
export const restoreConflicts = sqliteTable("restore_conflicts", {
  id: integer().primaryKey({ autoIncrement: true }),
  /** Of the line in the cloud's log. */
  seq: integer().notNull(),
  tableName: text("table_name").notNull(),
  /** JSON of the row. */
  row: text().notNull(),
  reason: text().notNull(),
  at: integer().notNull(),
});

/** The manifests that were taken. The one with the highest version is in force. */
export const manifests = sqliteTable("manifests", {
  version: integer().primaryKey(),
  digest: text().notNull(),
  signature: text().notNull(),
  madeAt: integer("made_at").notNull(),
  takenAt: integer("taken_at").notNull(),
  entries: integer().notNull(),
  /** Its entries are the newest of each name from generation `base` up to this one. */
  generation: integer().notNull(),
  base: integer().notNull(),
});

/**
 * What manifests say, entry by entry. Each that is fetched writes what is new under a generation of its own, so that to
 * put it in force is one row of `manifests`. Rows that a later one has taken the place of are forgotten afterwards.
 */
export const manifestEntries = sqliteTable(
  "manifest_entries",
  {
    section: text().notNull(),
    key: text().notNull(),
    generation: integer().notNull(),
    /** JSON; null = it is gone from this generation on. */
    body: text(),
    hash: text().notNull(),
    /** The first byte of SHA-256 of section and key: the digest is made of 256 such buckets. */
    bucket: integer().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.section, t.key, t.generation] }),
    index("manifest_entries_by_bucket").on(t.bucket),
    index("manifest_entries_by_generation").on(t.generation),
  ],
);

/** One row while a manifest is being fetched: under the generation after that in force. */
export const manifestFetch = sqliteTable(
  "manifest_fetch",
  {
    id: integer().primaryKey(),
    full: integer({ mode: "boolean" }).notNull(),
    /** Where to go on. */
    next: text(),
  },
  (t) => [check("manifest_fetch_single", sql`${t.id} = 1`)],
);

/** Commands of headquarters: written before anything is done, so that each is done once at most. */
export const remoteCommands = sqliteTable(
  "remote_commands",
  {
    id: text().primaryKey(),
    act: text({ enum: REMOTE_ACTS }).notNull(),
    lane: text(),
    ticketNumber: text("ticket_number"),
    actor: text().notNull(),
    reason: text().notNull(),
    receivedAt: integer("received_at").notNull(),
    outcome: text({ enum: COMMAND_OUTCOMES }),
    detail: text(),
    answeredAt: integer("answered_at"),
  },
  (t) => [
    index("remote_commands_open")
      .on(t.receivedAt)
      .where(sql`${t.outcome} is null`),
  ],
);

/** Rights to spaces that were given to the cloud, by class and slot: what is not there was never given. */
export const capacityRights = sqliteTable(
  "capacity_rights",
  {
    class: text().notNull(),
    /** When the slot begins. */
    slotAt: integer("slot_at").notNull(),
    given: integer().notNull(),
  },
  (t) => [
    // The slot first: every entry asks for all the classes of two slots.
    primaryKey({ columns: [t.slotAt, t.class] }),
    check("capacity_rights_given", sql`${t.given} >= 0`),
  ],
);

/** Every movement of rights, once. What answers a request has the request's id. */
export const rightsTransfers = sqliteTable("rights_transfers", {
  id: text().primaryKey(),
  direction: text({ enum: ["to_cloud", "from_cloud"] }).notNull(),
  class: text().notNull(),
  fromAt: integer("from_at").notNull(),
  untilAt: integer("until_at").notNull(),
  amount: integer().notNull(),
  at: integer().notNull(),
});

/** Pictures on their way to the cloud; those that are there are forgotten. */
export const pictureUploads = sqliteTable(
  "picture_uploads",
  {
    pictureId: text("picture_id").primaryKey(),
    /** The event that it belongs to: a movement or a plate read. */
    subject: text().notNull(),
    queuedAt: integer("queued_at").notNull(),
    /** Bytes that the cloud has, as it said last. */
    sent: integer().notNull().default(0),
    /** Set when it will not be tried again, with the reason. */
    failed: text(),
  },
  (t) => [uniqueIndex("picture_uploads_next").on(t.queuedAt, t.pictureId)],
);
