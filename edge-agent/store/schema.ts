import { sql } from "drizzle-orm";
import {
  check,
  index,
  integer,
  primaryKey,
  real,
  sqliteTable,
  text,
  uniqueIndex,
} from "drizzle-orm/sqlite-core";
import { ALARM_KINDS } from "@parkme/shared/domain/alarm";
import { HOLD_CAUSES } from "@parkme/shared/domain/gate-record";
import { LANE_MODES } from "@parkme/shared/domain/lane-mode";
import {
  ATTEMPT_STATUSES,
  MOVEMENT_KINDS,
  PAYMENT_METHODS,
  REVIEW_REASONS,
  RIGHT_KINDS,
  STAY_STATUSES,
  TICKET_STEPS,
} from "@parkme/shared/domain/stay";

/**
 * The gate's own record of what happened. Times are Unix milliseconds (`_at`), amounts are minor units of the
 * facility's currency. Rows of movements, payments, vends, prints, holds, corrections and the log are only ever
 * added. The lists of who may park are replaced as a whole.
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
  /** Of a lane that was turned: which way it goes now, and since when. */
  direction: text({ enum: ["entry", "exit"] }),
  turnedAt: integer("turned_at"),
});

/** How lanes, zones and the facility are run, where somebody has said so; the log has who said what before. */
export const modes = sqliteTable(
  "modes",
  {
    scope: text({ enum: ["facility", "zone", "lane"] }).notNull(),
    name: text().notNull(),
    mode: text({ enum: LANE_MODES }).notNull(),
    /** Null = the schedule. */
    actor: text(),
    reason: text().notNull(),
    since: integer().notNull(),
  },
  (t) => [primaryKey({ columns: [t.scope, t.name] })],
);

/** Vehicles in each zone by counted movements, those in the zones within it included. */
export const zoneCounts = sqliteTable("zone_counts", {
  zone: text().primaryKey(),
  inside: integer().notNull(),
});

/** Counts that were set by hand or by schedule, with what they were before. */
export const countCorrections = sqliteTable(
  "count_corrections",
  {
    id: integer().primaryKey({ autoIncrement: true }),
    /** Null = the facility. */
    zone: text(),
    before: integer().notNull(),
    after: integer().notNull(),
    cause: text({ enum: ["attendant", "schedule"] }).notNull(),
    /** Null = the schedule. */
    actor: text(),
    reason: text().notNull(),
    at: integer().notNull(),
    /** Of an attendant's correction: sent twice, it is made once. */
    idempotencyKey: text("idempotency_key"),
  },
  (t) => [uniqueIndex("count_corrections_once").on(t.idempotencyKey)],
);

/** When something that is done by schedule was done last. */
export const schedules = sqliteTable("schedules", {
  key: text().primaryKey(),
  lastAt: integer("last_at").notNull(),
});

/** Every time that anti-passback was reset: who was inside then may come in once more. */
export const passbackResets = sqliteTable(
  "passback_resets",
  {
    id: integer().primaryKey({ autoIncrement: true }),
    actor: text().notNull(),
    reason: text().notNull(),
    stays: integer().notNull(),
    at: integer().notNull(),
    idempotencyKey: text("idempotency_key").notNull(),
  },
  (t) => [uniqueIndex("passback_resets_once").on(t.idempotencyKey)],
);

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
    /** The permit or reservation it was begun under, whose it was, and its quota; as the lists were then. */
    rightKind: text("right_kind", { enum: RIGHT_KINDS }),
    rightId: text("right_id"),
    rightAccount: text("right_account"),
    rightZone: text("right_zone"),
    /** The card or code it was begun with. */
    credentialKind: text("credential_kind", { enum: ["card", "code"] }),
    credential: text(),
    /** The innermost zone that it is in, or was in last. */
    zone: text(),
    /** Anti-passback was reset since it began. */
    neutral: integer({ mode: "boolean" }).notNull().default(false),
  },
  (t) => [
    index("stays_inside_by_shape")
      .on(t.plateShape)
      .where(sql`${t.status} in ('provisional', 'open')`),
    index("stays_inside_by_credential")
      .on(t.credential)
      .where(sql`${t.status} in ('provisional', 'open') and ${t.credential} is not null`),
    index("stays_inside_by_right")
      .on(t.rightId, t.rightKind)
      .where(sql`${t.status} in ('provisional', 'open') and ${t.rightId} is not null`),
    index("stays_inside_by_account")
      .on(t.rightAccount)
      .where(sql`${t.status} in ('provisional', 'open') and ${t.rightAccount} is not null`),
    index("stays_inside_by_quota")
      .on(t.rightZone)
      .where(sql`${t.status} in ('provisional', 'open') and ${t.rightZone} is not null`),
    index("stays_by_reservation")
      .on(t.rightId)
      .where(sql`${t.rightKind} = 'reservation'`),
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
    /** `zone` = from one zone into another. */
    scope: text({ enum: ["facility", "zone"] })
      .notNull()
      .default("facility"),
    /** JSON of the ZoneChanges. */
    zones: text().notNull().default("[]"),
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

/** What became of each ticket on its way to the driver, step by step. */
export const ticketPrints = sqliteTable(
  "ticket_prints",
  {
    id: integer().primaryKey({ autoIncrement: true }),
    jobId: text("job_id").notNull(),
    stayId: text("stay_id")
      .notNull()
      .references(() => stays.id),
    lane: text().notNull(),
    step: text({ enum: TICKET_STEPS }).notNull(),
    detail: text().notNull(),
    at: integer().notNull(),
  },
  (t) => [index("ticket_prints_by_stay").on(t.stayId)],
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

/** When arms were held open, and let go of. */
export const holds = sqliteTable("holds", {
  id: integer().primaryKey({ autoIncrement: true }),
  lane: text().notNull(),
  on: integer({ mode: "boolean" }).notNull(),
  cause: text({ enum: HOLD_CAUSES }).notNull(),
  /** Null = no person. */
  actor: text(),
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

export const alarms = sqliteTable(
  "alarms",
  {
    id: text().primaryKey(),
    lane: text().notNull(),
    kind: text({ enum: ALARM_KINDS }).notNull(),
    detail: text().notNull(),
    startedAt: integer("started_at").notNull(),
    /** Null while it lasts. */
    endedAt: integer("ended_at"),
    acknowledgedAt: integer("acknowledged_at"),
    acknowledgedBy: text("acknowledged_by"),
  },
  (t) => [
    uniqueIndex("alarms_lasting")
      .on(t.lane, t.kind)
      .where(sql`${t.endedAt} is null`),
    index("alarms_waiting")
      .on(t.startedAt)
      .where(sql`${t.acknowledgedAt} is null`),
    index("alarms_by_time").on(t.startedAt),
  ],
);

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

/**
 * The states of the lists of who may park. The complete one with the highest id is in force; the rows of the next
 * are written under their own id meanwhile, so that nobody ever sees half a list.
 */
export const lists = sqliteTable("lists", {
  id: integer().primaryKey({ autoIncrement: true }),
  version: text().notNull(),
  /** When it was made, by its maker. */
  asOf: integer("as_of").notNull(),
  importedAt: integer("imported_at").notNull(),
  permits: integer().notNull(),
  reservations: integer().notNull(),
  blocked: integer().notNull(),
  watched: integer().notNull(),
  /** The longest time that one of its reservations holds a space. */
  longestHoldMs: integer("longest_hold_ms").notNull(),
  complete: integer({ mode: "boolean" }).notNull(),
});

/** Permits and reservations of a list. */
export const rights = sqliteTable(
  "rights",
  {
    listId: integer("list_id").notNull(),
    kind: text({ enum: RIGHT_KINDS }).notNull(),
    id: text().notNull(),
    /** Of a permit: whose it is. */
    account: text(),
    validFrom: integer("valid_from").notNull(),
    validUntil: integer("valid_until").notNull(),
    /** How many vehicles the account may have inside; null = one for each permit. */
    spaces: integer(),
    zone: text(),
  },
  (t) => [
    primaryKey({ columns: [t.listId, t.kind, t.id] }),
    index("rights_reserved")
      .on(t.listId, t.validFrom)
      .where(sql`${t.kind} = 'reservation'`),
  ],
);

/** What the holders of rights show. */
export const rightKeys = sqliteTable(
  "right_keys",
  {
    listId: integer("list_id").notNull(),
    medium: text({ enum: ["plate", "card", "code"] }).notNull(),
    text: text().notNull(),
    kind: text({ enum: RIGHT_KINDS }).notNull(),
    rightId: text("right_id").notNull(),
  },
  (t) => [primaryKey({ columns: [t.listId, t.text, t.medium, t.kind, t.rightId] })],
);

export const listedPlates = sqliteTable(
  "listed_plates",
  {
    listId: integer("list_id").notNull(),
    plate: text().notNull(),
    kind: text({ enum: ["blocked", "watched"] }).notNull(),
    reason: text().notNull(),
  },
  (t) => [primaryKey({ columns: [t.listId, t.plate, t.kind] })],
);
