import { sql } from "drizzle-orm";
import {
  boolean,
  index,
  integer,
  json,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
  uuid,
} from "drizzle-orm/pg-core";
import { bytes, counted, instant } from "./columns.ts";

/** Vehicles, the rights that their drivers hold, and bookings. */

export const VEHICLE_TYPES = ["motorcycle", "car", "van", "truck", "bus"] as const;

/** A vehicle as one driver knows it: the same plate may be with several people, one after the other or at once. */
export const vehicles = pgTable(
  "vehicles",
  {
    id: uuid("id").primaryKey(),
    userId: uuid("user_id").notNull(),
    /** Normalised: see shared/domain/plate. */
    plate: text("plate").notNull(),
    type: text("type", { enum: VEHICLE_TYPES }).notNull(),
    ev: boolean("ev").notNull().default(false),
    accessible: boolean("accessible").notNull().default(false),
    name: text("name").notNull().default(""),
    ownedFrom: instant("owned_from").notNull(),
    /** Null = still. */
    ownedUntil: instant("owned_until"),
  },
  (table) => [
    index("vehicles_user").on(table.userId, table.ownedFrom),
    index("vehicles_plate").on(table.plate),
    uniqueIndex("vehicles_owned")
      .on(table.userId, table.plate)
      .where(sql`${table.ownedUntil} is null`),
  ],
);

/** A vehicle that its driver gives to another, who takes it by the code. */
export const vehicleTransfers = pgTable("vehicle_transfers", {
  vehicleId: uuid("vehicle_id").primaryKey(),
  /** Who gives it. */
  userId: uuid("user_id").notNull(),
  /** SHA-256 of the code. */
  codeHash: bytes("code_hash").notNull().unique(),
  madeAt: instant("made_at").notNull(),
  expiresAt: instant("expires_at").notNull(),
});

/** What a facility sells: passes for a time, subscriptions that renew. */
export const passPlans = pgTable(
  "pass_plans",
  {
    facilityId: uuid("facility_id").notNull(),
    id: uuid("id").notNull(),
    name: text("name").notNull(),
    kind: text("kind", { enum: ["pass", "subscription"] }).notNull(),
    priceMinor: counted("price_minor").notNull(),
    currency: text("currency").notNull(),
    period: text("period", { enum: ["day", "week", "month", "year"] }).notNull(),
    periods: integer("periods").notNull().default(1),
    /** Stays in a period; null = any number. */
    quotaStays: integer("quota_stays"),
    /** Vehicles of one holder that may be inside at a time, and those that may be named. */
    spaces: integer("spaces").notNull().default(1),
    maxVehicles: integer("max_vehicles").notNull().default(1),
    /** The tariff's pass that says what it pays for; null = all of the time. See shared/pricing. */
    tariffPass: text("tariff_pass"),
    zoneSlug: text("zone_slug"),
    onSale: boolean("on_sale").notNull().default(true),
    madeAt: instant("made_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.facilityId, table.id] })],
);

/** What drivers hold. It goes down to the gate as a permit. */
export const subscriptions = pgTable(
  "subscriptions",
  {
    facilityId: uuid("facility_id").notNull(),
    id: uuid("id").notNull(),
    planId: uuid("plan_id").notNull(),
    userId: uuid("user_id").notNull(),
    status: text("status", { enum: ["pending", "active", "cancelled", "ended"] }).notNull(),
    plates: text("plates").array().notNull(),
    validFrom: instant("valid_from").notNull(),
    validUntil: instant("valid_until").notNull(),
    renews: boolean("renews").notNull().default(false),
    quotaStays: integer("quota_stays"),
    usedStays: integer("used_stays").notNull().default(0),
    priceMinor: counted("price_minor").notNull(),
    currency: text("currency").notNull(),
    madeAt: instant("made_at").notNull(),
    cancelledAt: instant("cancelled_at"),
    /** It changed, and the gate is not told yet: the publisher takes these. */
    untold: boolean("untold").notNull().default(true),
  },
  (table) => [
    primaryKey({ columns: [table.facilityId, table.id] }),
    index("subscriptions_user").on(table.userId, table.madeAt),
    index("subscriptions_id").on(table.id),
    index("subscriptions_plan").on(table.facilityId, table.planId),
    index("subscriptions_over").on(table.status, table.validUntil),
    index("subscriptions_exhausted")
      .on(table.validUntil)
      .where(sql`${table.status} = 'active' and ${table.usedStays} >= ${table.quotaStays}`),
    index("subscriptions_untold")
      .on(table.facilityId)
      .where(sql`${table.untold}`),
  ],
);

/** Each time that a subscription is paid for, or is to be. Of those that are due there is one at most. */
export const subscriptionPeriods = pgTable(
  "subscription_periods",
  {
    facilityId: uuid("facility_id").notNull(),
    subscriptionId: uuid("subscription_id").notNull(),
    /** From 1. */
    number: integer("number").notNull(),
    userId: uuid("user_id").notNull(),
    planId: uuid("plan_id").notNull(),
    kind: text("kind", { enum: ["first", "renewal", "change"] }).notNull(),
    status: text("status", { enum: ["due", "paid", "dropped"] }).notNull(),
    from: instant("from").notNull(),
    /** Of one that was left early: when. */
    until: instant("until").notNull(),
    /** What all of its time is worth: the plan's price. */
    valueMinor: counted("value_minor").notNull(),
    /** What is to be paid for it: the value, less what was left of the period before. */
    dueMinor: counted("due_minor").notNull(),
    currency: text("currency").notNull(),
    paymentId: uuid("payment_id"),
    paidAt: instant("paid_at"),
    /** What is to be given back of it. */
    refundMinor: counted("refund_minor").notNull().default(0),
    madeAt: instant("made_at").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.facilityId, table.subscriptionId, table.number] }),
    uniqueIndex("subscription_periods_due")
      .on(table.facilityId, table.subscriptionId)
      .where(sql`${table.status} = 'due'`),
    uniqueIndex("subscription_periods_payment").on(table.facilityId, table.paymentId),
  ],
);

/** The stays that were begun under a subscription: they use up its quota. */
export const subscriptionStays = pgTable(
  "subscription_stays",
  {
    facilityId: uuid("facility_id").notNull(),
    subscriptionId: uuid("subscription_id").notNull(),
    stayId: uuid("stay_id").notNull(),
    at: instant("at").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.facilityId, table.stayId] }),
    index("subscription_stays_used").on(table.facilityId, table.subscriptionId, table.at),
  ],
);

/** Plates that are kept out, or watched for. They go down to the gate. */
export const listedPlates = pgTable(
  "listed_plates",
  {
    facilityId: uuid("facility_id").notNull(),
    list: text("list", { enum: ["blocked", "watched"] }).notNull(),
    plate: text("plate").notNull(),
    reason: text("reason").notNull(),
    until: instant("until"),
    by: text("by").notNull(),
    at: instant("at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.facilityId, table.list, table.plate] })],
);

export const BOOKING_STATUSES = [
  "PENDING",
  "CONFIRMED",
  "ACTIVE",
  "COMPLETED",
  "CANCELLED",
  "NO_SHOW",
] as const;

/**
 * Bookings of a numbered spot or of a class. Two that hold the same spot at once are impossible by the constraint
 * `bookings_no_overlap`, which drizzle has no words for (migration 0005): of PENDING, CONFIRMED and ACTIVE ones, the
 * times from `entry_time` to `held_until` do not overlap.
 */
export const bookings = pgTable(
  "bookings",
  {
    facilityId: uuid("facility_id").notNull(),
    id: uuid("id").notNull(),
    /** Null = a drive-in of somebody who is not known. */
    userId: uuid("user_id"),
    vehicleId: uuid("vehicle_id"),
    plate: text("plate").notNull(),
    vehicleType: text("vehicle_type", { enum: VEHICLE_TYPES }).notNull(),
    ev: boolean("ev").notNull().default(false),
    accessible: boolean("accessible").notNull().default(false),
    kind: text("kind", { enum: ["reservation", "drive_in"] })
      .notNull()
      .default("reservation"),
    status: text("status", { enum: BOOKING_STATUSES }).notNull(),
    ticketNumber: text("ticket_number").notNull(),
    /** Null = a space of the class: see capacity/. */
    spotId: uuid("spot_id"),
    class: text("class"),
    /** The zone that a class's space is kept in, as the gate names it; null = anywhere. */
    zoneSlug: text("zone_slug"),
    /** The sale of rights to its space: see capacity/sales.queries.ts. */
    saleId: uuid("sale_id"),
    entryTime: instant("entry_time").notNull(),
    expectedExit: instant("expected_exit").notNull(),
    /** Until when its spot is kept: the expected exit, and longer while it overstays. */
    heldUntil: instant("held_until").notNull(),
    actualEntry: instant("actual_entry"),
    actualExit: instant("actual_exit"),
    overstayAt: instant("overstay_at"),
    /** The stay that was begun under it. */
    stayId: uuid("stay_id"),
    estimatedMinor: counted("estimated_minor").notNull(),
    /** What it costs in the end, with `gate_minor`; null until it is over. */
    finalMinor: counted("final_minor"),
    /** The part that the gate charged, and takes, itself: for time outside the booked one. */
    gateMinor: counted("gate_minor").notNull().default(0),
    /** Paid for it through providers, less what was given back. */
    paidMinor: counted("paid_minor").notNull().default(0),
    currency: text("currency").notNull(),
    appliedRule: text("applied_rule").notNull(),
    /** `id@version` of the tariff of the estimate. */
    tariff: text("tariff").notNull(),
    subscriptionId: uuid("subscription_id"),
    cancelReason: text("cancel_reason"),
    madeAt: instant("made_at").notNull(),
    changedAt: instant("changed_at").notNull(),
    /** When somebody has to look at it: it was not paid, nobody came, or it is over; null = never. See bookings/due.ts. */
    dueAt: instant("due_at"),
    /** It changed, and the gate is not told yet: the publisher takes these. */
    untold: boolean("untold").notNull().default(true),
  },
  (table) => [
    // Addresses name a booking by its id alone, and people one by its number: so those come first. Each index is written
    // with each booking, and many are at once: there are no more than are asked.
    primaryKey({ columns: [table.id, table.facilityId] }),
    uniqueIndex("bookings_ticket").on(table.ticketNumber, table.facilityId),
    index("bookings_user").on(table.userId, table.entryTime),
    index("bookings_entry").on(table.facilityId, table.entryTime),
    index("bookings_stay")
      .on(table.facilityId, table.stayId)
      .where(sql`${table.stayId} is not null`),
    // Those that may not be where their gates' stays are: see bookings/stays.queries.ts.
    index("bookings_at_gate")
      .on(table.facilityId, table.stayId)
      .where(sql`${table.stayId} is not null and ${table.status} <> 'COMPLETED'`),
    index("bookings_plate").on(table.facilityId, table.plate),
    index("bookings_untold")
      .on(table.facilityId, table.changedAt)
      .where(sql`${table.untold}`),
    // For the metrics.
    index("bookings_active")
      .on(table.facilityId)
      .where(sql`${table.status} = 'ACTIVE'`),
    index("bookings_due")
      .on(table.dueAt)
      .where(sql`${table.dueAt} is not null`),
  ],
);

/** Answers to requests that carried an `Idempotency-Key`: the same again is answered the same, for a day. */
export const idempotencyKeys = pgTable(
  "idempotency_keys",
  {
    /** The user or API key that asked. */
    owner: uuid("owner").notNull(),
    key: text("key").notNull(),
    /** SHA-256 of method, path and body: another request under the same key is refused. */
    request: bytes("request").notNull(),
    status: integer("status").notNull(),
    answer: json("answer"),
    at: instant("at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.owner, table.key] }), index("idempotency_keys_at").on(table.at)],
);
