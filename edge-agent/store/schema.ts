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
  MOVEMENT_KINDS,
  REVIEW_REASONS,
  RIGHT_KINDS,
  STAY_STATUSES,
  TICKET_STEPS,
} from "@parkme/shared/domain/stay";

/**
 * The gate's own record of what happened. Times are Unix milliseconds (`_at`), amounts are minor units of the
 * facility's currency. Rows of movements, vends, prints, holds, corrections and the log are only ever added. What
 * concerns money is in money-schema.ts, the lists of who may park are in list-schema.ts, the log and what links the gate
 * with the cloud in link-schema.ts.
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
    /** The downlink was taken up to this item; its hash is in link_state. */
    remoteCursor: integer("remote_cursor").notNull().default(0),
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
    vehicleType: text("vehicle_type").notNull().default("car"),
    ev: integer({ mode: "boolean" }).notNull().default(false),
    accessible: integer({ mode: "boolean" }).notNull().default(false),
    /** The tariff in force when it began, and how full the facility was. */
    tariffId: text("tariff_id"),
    tariffVersion: integer("tariff_version"),
    occupancyPercent: integer("occupancy_percent"),
    lostTicket: text("lost_ticket", { enum: ["no", "proven", "unproven"] })
      .notNull()
      .default("no"),
    /** Minutes that a pass paid for, known when it has left. */
    passMinutes: integer("pass_minutes"),
    /** The sum of its entries in the ledger: a trigger keeps it. */
    balanceMinor: integer("balance_minor").notNull().default(0),
    /** When nothing was owed any more; null = something may be. */
    settledAt: integer("settled_at"),
    /** Of its right: from when to when it pays, and by which pass, as the lists said at the entry. They may drop it while its vehicle is inside. */
    rightFrom: integer("right_from"),
    rightUntil: integer("right_until"),
    rightPass: text("right_pass"),
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
    index("stays_by_entry").on(t.entryAt),
    index("stays_by_plate")
      .on(t.plate)
      .where(sql`${t.plate} is not null`),
    index("stays_unbalanced")
      .on(t.balanceMinor)
      .where(sql`${t.balanceMinor} <> 0`),
    index("stays_by_pass")
      .on(t.rightId, t.exitAt)
      .where(sql`${t.passMinutes} > 0`),
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
    /** The number that the stay has in its place: the ticket was lost. */
    replacedBy: text("replaced_by"),
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
  (t) => [
    index("movements_by_time").on(t.at),
    index("movements_by_lane").on(t.lane, t.at),
    index("movements_out_unknown")
      .on(t.at)
      .where(sql`${t.stayId} is null and ${t.direction} = 'out' and ${t.scope} = 'facility'`),
  ],
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
    /** The shift that the attendant had open. */
    shiftId: text("shift_id"),
  },
  (t) => [
    uniqueIndex("vends_once").on(t.idempotencyKey),
    index("vends_by_time").on(t.at),
    index("vends_by_shift")
      .on(t.shiftId)
      .where(sql`${t.shiftId} is not null`),
  ],
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
