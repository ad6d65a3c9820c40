import { sql } from "drizzle-orm";
import { check, index, integer, real, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import {
  MOVEMENT_KINDS,
  PAYMENT_METHODS,
  REVIEW_REASONS,
  STAY_STATUSES,
  ALARM_KINDS,
} from "@parkme/shared/domain/stay";

/**
 * The gate's own record of what happened. Times are Unix milliseconds (`_at`), amounts are minor units of the
 * facility's currency. Rows of movements, payments, vends, alarms and the log are only ever added.
 */

/** One row: what the agent must remember about itself. */
export const agentState = sqliteTable(
  "agent_state",
  {
    id: integer().primaryKey(),
    /** Counts the agent's starts; boards drop commands of a lower epoch. */
    epoch: integer().notNull(),
    /** Vehicles inside by counted movements. */
    inside: integer().notNull(),
    /** The cloud has committed the log up to this row. */
    uploadCursor: integer("upload_cursor").notNull(),
  },
  (t) => [check("agent_state_single", sql`${t.id} = 1`)],
);

/** What a lane must know after a restart: the credit whose passage nobody has confirmed yet. */
export const lanes = sqliteTable("lanes", {
  lane: text().primaryKey(),
  state: text().notNull(),
  /** JSON of a Credit, or null. */
  credit: text(),
  updatedAt: integer("updated_at").notNull(),
});

export const stays = sqliteTable(
  "stays",
  {
    id: text().primaryKey(),
    status: text({ enum: STAY_STATUSES }).notNull(),
    entryLane: text("entry_lane").notNull(),
    plate: text(),
    /** The plate with look-alike characters folded together: finds misread plates by one index. */
    plateShape: text("plate_shape"),
    entryAt: integer("entry_at").notNull(),
    exitAt: integer("exit_at"),
    feeMinor: integer("fee_minor"),
    review: text({ enum: REVIEW_REASONS }),
  },
  (t) => [
    index("stays_inside_by_shape")
      .on(t.plateShape)
      .where(sql`${t.status} in ('provisional', 'open')`),
    index("stays_by_status").on(t.status, t.review),
  ],
);

export const tickets = sqliteTable(
  "tickets",
  {
    number: text().primaryKey(),
    stayId: text("stay_id")
      .notNull()
      .references(() => stays.id),
    lane: text().notNull(),
    issuedAt: integer("issued_at").notNull(),
    voidedAt: integer("voided_at"),
  },
  (t) => [index("tickets_by_stay").on(t.stayId)],
);

export const movements = sqliteTable(
  "movements",
  {
    id: text().primaryKey(),
    lane: text().notNull(),
    direction: text({ enum: ["in", "out"] }).notNull(),
    kind: text({ enum: MOVEMENT_KINDS }).notNull(),
    stayId: text("stay_id").references(() => stays.id),
    plate: text(),
    at: integer().notNull(),
    review: text({ enum: REVIEW_REASONS }),
    feeMinor: integer("fee_minor"),
  },
  (t) => [index("movements_by_time").on(t.at)],
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
  },
  (t) => [
    uniqueIndex("payments_once").on(t.idempotencyKey),
    index("payments_by_stay").on(t.stayId),
    index("payments_by_time").on(t.at),
    check("payments_positive", sql`${t.amountMinor} >= 0 and ${t.changeMinor} >= 0`),
  ],
);

export const vends = sqliteTable(
  "vends",
  {
    commandId: text("command_id").primaryKey(),
    lane: text().notNull(),
    actor: text().notNull(),
    reason: text().notNull(),
    at: integer().notNull(),
    idempotencyKey: text("idempotency_key").notNull(),
  },
  (t) => [uniqueIndex("vends_once").on(t.idempotencyKey)],
);

/** Lanes in doubt that a person looked at and vouched for. */
export const resets = sqliteTable("resets", {
  id: integer().primaryKey({ autoIncrement: true }),
  lane: text().notNull(),
  actor: text().notNull(),
  reason: text().notNull(),
  at: integer().notNull(),
});

/** Every command, written before it leaves; the outcome is filled in when the board answers. */
export const commands = sqliteTable("commands", {
  id: text().primaryKey(),
  lane: text().notNull(),
  action: text({ enum: ["open", "close", "stop"] }).notNull(),
  epoch: integer().notNull(),
  issuedAt: integer("issued_at").notNull(),
  outcome: text({ enum: ["done", "refused", "silent"] }),
});

export const alarms = sqliteTable("alarms", {
  id: integer().primaryKey({ autoIncrement: true }),
  lane: text().notNull(),
  kind: text({ enum: ALARM_KINDS }).notNull(),
  detail: text().notNull(),
  at: integer().notNull(),
});

export const plateReads = sqliteTable(
  "plate_reads",
  {
    id: integer().primaryKey({ autoIncrement: true }),
    lane: text().notNull(),
    camera: text().notNull(),
    sourceId: text("source_id"),
    raw: text().notNull(),
    plate: text(),
    confidence: real(),
    /** What the camera's clock said; never used for money. */
    claimedAt: integer("claimed_at"),
    receivedAt: integer("received_at").notNull(),
    imageId: text("image_id"),
  },
  (t) => [
    uniqueIndex("plate_reads_once").on(t.camera, t.sourceId),
    index("plate_reads_by_time").on(t.receivedAt),
  ],
);

/** The log that travels to the cloud, in this order, written with the state it reports. */
export const log = sqliteTable("log", {
  seq: integer().primaryKey({ autoIncrement: true }),
  eventId: text("event_id").notNull(),
  kind: text().notNull(),
  schemaVersion: integer("schema_version").notNull(),
  wallAt: integer("wall_at").notNull(),
  /** JSON of the payload. */
  payload: text().notNull(),
});
