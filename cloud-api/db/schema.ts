import {
  boolean,
  doublePrecision,
  index,
  integer,
  json,
  pgEnum,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
  uuid,
} from "drizzle-orm/pg-core";
import { bytes, counted, instant } from "./columns.ts";
import { sql } from "drizzle-orm";

/**
 * The cloud's tables. Accounts, facilities and edges are written by provisioning. Everything below `edge_events`
 * is a projection of the edges' events: rows appear in the order events arrive, possibly a child before its
 * parent, so projections refer to each other by id without foreign keys. Their keys begin with the facility,
 * which comes from the edge's token: no edge can touch another facility's rows, whatever ids it sends.
 */

export const organisations = pgTable("organisations", {
  id: uuid("id").primaryKey().defaultRandom(),
  slug: text("slug").notNull().unique(),
  name: text("name").notNull(),
});

/** Admin: everything. Owner: all of an organisation. Staff: the facilities that they are assigned. Driver: what is theirs. */
export const ROLES = ["admin", "owner", "staff", "driver"] as const;

export const users = pgTable("users", {
  id: uuid("id").primaryKey().defaultRandom(),
  /** Whom owners and staff work for; admins and drivers have none. */
  organisationId: uuid("organisation_id").references(() => organisations.id),
  /** Lower case. */
  email: text("email").notNull().unique(),
  name: text("name").notNull(),
  /** Argon2id, with its parameters and salt in it. */
  passwordHash: text("password_hash").notNull(),
  role: text("role", { enum: ROLES }).notNull().default("owner"),
  firstName: text("first_name").notNull().default(""),
  lastName: text("last_name").notNull().default(""),
  phone: text("phone"),
  madeAt: instant("made_at").notNull().defaultNow(),
  disabledAt: instant("disabled_at"),
  /** Personal data was erased: the row stays for what refers to it. */
  erasedAt: instant("erased_at"),
});

export const sessions = pgTable(
  "sessions",
  {
    /** SHA-256 of the cookie's token: reading this table does not let anybody in. */
    tokenHash: bytes("token_hash").primaryKey(),
    userId: uuid("user_id")
      .notNull()
      .references(() => users.id, { onDelete: "cascade" }),
    expiresAt: instant("expires_at").notNull(),
  },
  (table) => [index("sessions_user").on(table.userId)],
);

export const FACILITY_KINDS = [
  "mall",
  "airport",
  "private_lot",
  "street",
  "office",
  "hospital",
  "hotel",
  "stadium",
  "station",
  "residential",
  "university",
  "other",
] as const;

export const facilities = pgTable(
  "facilities",
  {
    id: uuid("id").primaryKey(),
    organisationId: uuid("organisation_id")
      .notNull()
      .references(() => organisations.id),
    slug: text("slug").notNull().unique(),
    name: text("name").notNull(),
    timeZone: text("time_zone").notNull(),
    currency: text("currency").notNull(),
    capacity: integer("capacity").notNull(),
    /** Vehicles inside by counted movements, as the edge counts them; kept by ingest, in its transaction. */
    inside: integer("inside").notNull().default(0),
    /** Of the last online payment in the feed of before there was a downlink. */
    remotePaymentSeq: counted("remote_payment_seq").notNull().default(0),
    /** Of the last item of its downlink, and that one's hash. */
    downlinkSeq: counted("downlink_seq").notNull().default(0),
    downlinkHash: text("downlink_hash"),
    kind: text("kind", { enum: FACILITY_KINDS }).notNull().default("other"),
    address: text("address").notNull().default(""),
    city: text("city").notNull().default(""),
    /** ISO 3166-1 alpha-2. */
    country: text("country"),
    /** WGS 84, in degrees. */
    latitude: doublePrecision("latitude"),
    longitude: doublePrecision("longitude"),
    /** See facilities/opening-hours.ts; null = always open. */
    openingHours: json("opening_hours"),
    /** Listed for drivers. */
    listed: boolean("listed").notNull().default(true),
    bookable: boolean("bookable").notNull().default(false),
    /** Its gate gives the cloud rights to spaces by class (see capacity/); without, the cloud counts classes by itself. */
    gateRights: boolean("gate_rights").notNull().default(false),
    /** How bookings are dealt with: see bookings/policy.ts; null = as everywhere. */
    bookingPolicy: json("booking_policy"),
    /** How long personal data is kept: see retention/rules.ts; null = as everywhere. */
    retention: json("retention"),
    closedAt: instant("closed_at"),
  },
  (table) => [
    index("facilities_organisation").on(table.organisationId),
    index("facilities_city")
      // Whatever the server's locale: every letter has its small one.
      .on(sql`lower(${table.city} collate "pg_c_utf8")`, table.id)
      .where(sql`${table.listed} and ${table.closedAt} is null`),
    index("facilities_latitude").on(table.latitude, table.longitude),
  ],
);

export const lanes = pgTable(
  "lanes",
  {
    facilityId: uuid("facility_id")
      .notNull()
      .references(() => facilities.id),
    slug: text("slug").notNull(),
    name: text("name").notNull(),
    direction: text("direction", { enum: ["entry", "exit"] }).notNull(),
    /** Its place in the facility's list of lanes. */
    position: integer("position").notNull(),
  },
  (table) => [primaryKey({ columns: [table.facilityId, table.slug] })],
);

export const edges = pgTable("edges", {
  id: uuid("id").primaryKey(),
  facilityId: uuid("facility_id")
    .notNull()
    .references(() => facilities.id),
  /** SHA-256 of its bearer token; null once another edge has taken its place. */
  tokenHash: bytes("token_hash").unique(),
  /** Everything up to and with this sequence number is applied. */
  cursor: counted("cursor").notNull().default(0),
  /** When its last batch was accepted, on our clock. */
  lastSeenAt: instant("last_seen_at"),
  /** How old the newest event of its last new batch was on arrival, in milliseconds, clocks as they are. */
  behindMs: counted("behind_ms").notNull().default(0),
  /** The history that its log is in, and the hash of the line at the cursor; null = from before there was a chain. */
  epoch: counted("epoch").notNull().default(1),
  headHash: text("head_hash"),
  /** The program that speaks for it: the one that said hello last. */
  bootId: text("boot_id"),
  claimedAt: instant("claimed_at"),
  version: text("version"),
  /** Its clock minus ours. */
  clockOffsetMs: counted("clock_offset_ms"),
  /** Lines that waited behind its last batch. */
  waiting: counted("waiting").notNull().default(0),
  /** The manifest that it has. */
  manifestVersion: counted("manifest_version").notNull().default(0),
  /** The bearer token of `token_hash` counts no more: it was revoked, or a box that enrolled took its place. */
  tokenRevokedAt: instant("token_revoked_at"),
  /** Of its events up to here, plates are forgotten: see retention/. */
  forgottenSeq: counted("forgotten_seq").notNull().default(0),
});

export const edgeEvents = pgTable(
  "edge_events",
  {
    /** Its row is locked while events are written, so it is there: a foreign key would only check that again. */
    edgeId: uuid("edge_id").notNull(),
    seq: counted("seq").notNull(),
    eventId: uuid("event_id").notNull(),
    kind: text("kind").notNull(),
    schemaVersion: counted("schema_version").notNull(),
    wallTime: instant("wall_time").notNull(),
    receivedAt: instant("received_at").notNull(),
    /** `json`, not `jsonb`: the text as it came, also where jsonb would refuse it (\u0000). */
    payload: json("payload").notNull(),
    outcome: text("outcome", { enum: ["applied", "unknown", "quarantined"] }).notNull(),
    /** Why it is in quarantine. */
    error: text("error"),
    epoch: counted("epoch").notNull().default(1),
    /** Of its line; null = from before there was a chain. */
    hash: bytes("hash"),
  },
  (table) => [
    primaryKey({ columns: [table.edgeId, table.seq] }),
    index("edge_events_not_applied")
      .on(table.edgeId, table.seq)
      .where(sql`${table.outcome} <> 'applied'`),
  ],
);

/** In the order in which a stay may change: of two claims about one stay, the later in this list holds. */
export const stayStatus = pgEnum("stay_status", ["provisional", "void", "open", "closed"]);

export const stays = pgTable(
  "stays",
  {
    facilityId: uuid("facility_id").notNull(),
    stayId: uuid("stay_id").notNull(),
    status: stayStatus("status").notNull(),
    ticketNumber: text("ticket_number"),
    plate: text("plate"),
    entryLane: text("entry_lane"),
    entryAt: instant("entry_at"),
    exitLane: text("exit_lane"),
    exitAt: instant("exit_at"),
    feeMinor: counted("fee_minor"),
    feeCurrency: text("fee_currency"),
    appliedRule: text("applied_rule"),
    tariffVersion: counted("tariff_version"),
    voidReason: text("void_reason"),
    /** Why a person should look at it; the latest reason. */
    review: text("review"),
    /** The permit or reservation it was begun under. */
    rightKind: text("right_kind"),
    rightId: text("right_id"),
    vehicleType: text("vehicle_type").notNull().default("car"),
    ev: boolean("ev").notNull().default(false),
    accessible: boolean("accessible").notNull().default(false),
    lostTicket: text("lost_ticket", { enum: ["no", "proven", "unproven"] })
      .notNull()
      .default("no"),
  },
  (table) => [
    primaryKey({ columns: [table.facilityId, table.stayId] }),
    index("stays_entry").on(table.facilityId, table.entryAt),
    index("stays_exit").on(table.facilityId, table.exitAt),
  ],
);

export const movements = pgTable(
  "movements",
  {
    facilityId: uuid("facility_id").notNull(),
    movementId: uuid("movement_id").notNull(),
    lane: text("lane").notNull(),
    direction: text("direction", { enum: ["in", "out"] }).notNull(),
    /** `zone` = from one zone of the facility into another: nobody came, and nobody left. */
    scope: text("scope", { enum: ["facility", "zone"] })
      .notNull()
      .default("facility"),
    kind: text("kind").notNull(),
    stayId: uuid("stay_id"),
    plate: text("plate"),
    at: instant("at").notNull(),
    review: text("review"),
    feeMinor: counted("fee_minor"),
    feeCurrency: text("fee_currency"),
  },
  (table) => [
    // Their time is in the key because they are partitioned by it: see migration 0006. Each is there once because each
    // line of an edge's log is applied once.
    primaryKey({ columns: [table.facilityId, table.at, table.movementId] }),
  ],
);

export const payments = pgTable(
  "payments",
  {
    facilityId: uuid("facility_id").notNull(),
    paymentId: uuid("payment_id").notNull(),
    stayId: uuid("stay_id").notNull(),
    lane: text("lane").notNull(),
    method: text("method").notNull(),
    amountMinor: counted("amount_minor").notNull(),
    currency: text("currency").notNull(),
    actor: text("actor").notNull(),
    at: instant("at").notNull(),
    changeMinor: counted("change_minor").notNull().default(0),
    /** A terminal's or a bank's own number of it. */
    reference: text("reference"),
    shiftId: uuid("shift_id"),
    receiptNumber: counted("receipt_number"),
  },
  (table) => [
    primaryKey({ columns: [table.facilityId, table.paymentId] }),
    index("payments_at").on(table.facilityId, table.at),
  ],
);

/** Every entry of the edges' ledgers: a stay owes the sum of its entries. */
export const ledger = pgTable(
  "ledger",
  {
    facilityId: uuid("facility_id").notNull(),
    entryId: uuid("entry_id").notNull(),
    stayId: uuid("stay_id").notNull(),
    kind: text("kind").notNull(),
    side: text("side").notNull(),
    amountMinor: counted("amount_minor").notNull(),
    currency: text("currency").notNull(),
    method: text("method"),
    paymentId: uuid("payment_id"),
    shiftId: uuid("shift_id"),
    place: text("place").notNull(),
    actor: text("actor").notNull(),
    reason: text("reason").notNull(),
    debtor: text("debtor"),
    at: instant("at").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.facilityId, table.entryId] }),
    index("ledger_at").on(table.facilityId, table.at),
    index("ledger_stay").on(table.facilityId, table.stayId),
  ],
);

/** Attendants' drawers; what is not known yet is null. */
export const shifts = pgTable(
  "shifts",
  {
    facilityId: uuid("facility_id").notNull(),
    shiftId: uuid("shift_id").notNull(),
    attendant: text("attendant"),
    currency: text("currency").notNull(),
    openedAt: instant("opened_at"),
    floatMinor: counted("float_minor"),
    closedAt: instant("closed_at"),
    zNumber: counted("z_number"),
    expectedMinor: counted("expected_minor"),
    countedMinor: counted("counted_minor"),
  },
  (table) => [
    primaryKey({ columns: [table.facilityId, table.shiftId] }),
    index("shifts_opened").on(table.facilityId, table.openedAt),
    index("shifts_closed").on(table.facilityId, table.closedAt),
  ],
);

/** What proves the edges' receipts: a number that is missing here, or a hash that does not follow, shows. */
export const receipts = pgTable(
  "receipts",
  {
    facilityId: uuid("facility_id").notNull(),
    number: counted("number").notNull(),
    kind: text("kind").notNull(),
    paymentId: uuid("payment_id").notNull(),
    stayId: uuid("stay_id").notNull(),
    amountMinor: counted("amount_minor").notNull(),
    currency: text("currency").notNull(),
    hash: text("hash").notNull(),
    previousHash: text("previous_hash"),
    keyId: counted("key_id").notNull(),
    signature: text("signature").notNull(),
    at: instant("at").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.facilityId, table.number] }),
    index("receipts_stay").on(table.facilityId, table.stayId),
    index("receipts_at").on(table.facilityId, table.at),
  ],
);

/** Merchants' discounts that were given to stays. */
export const validations = pgTable(
  "validations",
  {
    facilityId: uuid("facility_id").notNull(),
    validationId: uuid("validation_id").notNull(),
    stayId: uuid("stay_id").notNull(),
    merchant: text("merchant").notNull(),
    name: text("name").notNull(),
    /** JSON text of the ValidationValue. */
    value: text("value").notNull(),
    /** Of a code that counts once. */
    serial: text("serial"),
    actor: text("actor").notNull(),
    at: instant("at").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.facilityId, table.validationId] }),
    index("validations_at").on(table.facilityId, table.at),
    index("validations_stay").on(table.facilityId, table.stayId),
  ],
);

export const vends = pgTable(
  "vends",
  {
    facilityId: uuid("facility_id").notNull(),
    commandId: uuid("command_id").notNull(),
    lane: text("lane").notNull(),
    actor: text("actor").notNull(),
    reason: text("reason").notNull(),
    at: instant("at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.facilityId, table.commandId] })],
);

export const alarms = pgTable(
  "alarms",
  {
    facilityId: uuid("facility_id").notNull(),
    /** Its own; of an alarm from an agent of before alarms had one, the id of its event. */
    alarmId: uuid("alarm_id").notNull(),
    lane: text("lane").notNull(),
    kind: text("kind").notNull(),
    detail: text("detail").notNull(),
    /** When it began. */
    at: instant("at").notNull(),
    /** Null while it lasts. */
    endedAt: instant("ended_at"),
    acknowledgedAt: instant("acknowledged_at"),
    acknowledgedBy: text("acknowledged_by"),
  },
  (table) => [
    primaryKey({ columns: [table.facilityId, table.alarmId] }),
    index("alarms_at").on(table.facilityId, table.at),
    index("alarms_waiting")
      .on(table.facilityId)
      .where(sql`${table.acknowledgedAt} is null`),
  ],
);

/** Every event that a payment provider sent, once: dedupe and effect are one transaction. */
export const providerEvents = pgTable(
  "provider_events",
  {
    provider: text("provider").notNull(),
    /** The provider's own id of the event. */
    eventId: text("event_id").notNull(),
    /** Null where it names no facility of ours. */
    facilityId: uuid("facility_id"),
    kind: text("kind").notNull(),
    receivedAt: instant("received_at").notNull(),
    /** `unmatched` = it speaks of a facility that is not ours, or of another currency: for a person to look at. */
    outcome: text("outcome", { enum: ["applied", "ignored", "unmatched"] }).notNull(),
    payload: json("payload").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.provider, table.eventId] }),
    index("provider_events_unmatched")
      .on(table.receivedAt)
      .where(sql`${table.outcome} = 'unmatched'`),
  ],
);

/** In the order in which a payment may change: what was captured is never failed again. */
export const remotePaymentStatus = pgEnum("remote_payment_status", ["pending", "failed", "captured"]);

/** Money that drivers paid through a provider for stays of a facility. */
export const remotePayments = pgTable(
  "remote_payments",
  {
    facilityId: uuid("facility_id").notNull(),
    paymentId: uuid("payment_id").notNull(),
    provider: text("provider").notNull(),
    /** The provider's own id of the payment. */
    reference: text("reference").notNull(),
    stayId: uuid("stay_id").notNull(),
    method: text("method", { enum: ["upi", "online"] }).notNull(),
    amountMinor: counted("amount_minor").notNull(),
    currency: text("currency").notNull(),
    status: remotePaymentStatus("status").notNull(),
    updatedAt: instant("updated_at").notNull(),
    capturedAt: instant("captured_at"),
    /** Its place in the feed of before there was a downlink. */
    feedSeq: counted("feed_seq"),
    /** Its item of the downlink; null until it is captured. */
    downlinkSeq: counted("downlink_seq"),
  },
  (table) => [
    primaryKey({ columns: [table.facilityId, table.paymentId] }),
    uniqueIndex("remote_payments_reference").on(table.facilityId, table.provider, table.reference),
    uniqueIndex("remote_payments_feed").on(table.facilityId, table.feedSeq),
    index("remote_payments_stay").on(table.facilityId, table.stayId),
    index("remote_payments_untold")
      .on(table.facilityId, table.feedSeq)
      .where(sql`${table.feedSeq} is not null and ${table.downlinkSeq} is null`),
  ],
);
