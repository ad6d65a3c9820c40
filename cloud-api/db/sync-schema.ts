import { sql } from "drizzle-orm";
import {
  boolean,
  check,
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
import { bytes, counted, instant } from "./columns.ts";

/**
 * What the cloud keeps of its links with the edges: their logs as they came, what the two do not agree on, what goes
 * down to them, and who they are. See shared/protocol/log, downlink, manifest, equality and enrolment.
 */

/** The histories of each edge's log: one, and one more for every restore. */
export const edgeEpochs = pgTable(
  "edge_epochs",
  {
    edgeId: uuid("edge_id").notNull(),
    epoch: counted("epoch").notNull(),
    parentEpoch: counted("parent_epoch").notNull(),
    parentSeq: counted("parent_seq").notNull(),
    parentHash: text("parent_hash").notNull(),
    reason: text("reason").notNull(),
    begunAt: instant("begun_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.edgeId, table.epoch] })],
);

/** The programs that have spoken for each edge. All but the last are fenced, and those that have said hello since. */
export const edgeBoots = pgTable(
  "edge_boots",
  {
    edgeId: uuid("edge_id").notNull(),
    bootId: text("boot_id").notNull(),
    claimedAt: instant("claimed_at").notNull(),
    /** It has said hello, and nothing since: the one before it speaks until it does. */
    pending: boolean("pending").notNull().default(false),
  },
  (table) => [primaryKey({ columns: [table.edgeId, table.bootId] })],
);

/** The logs as they came: each batch in the compression it came in. The lines of `first_seq` to `last_seq` count. */
export const edgeBatches = pgTable(
  "edge_batches",
  {
    edgeId: uuid("edge_id").notNull(),
    lastSeq: counted("last_seq").notNull(),
    firstSeq: counted("first_seq").notNull(),
    /** The hash of the line before `first_seq`. */
    previousHash: text("previous_hash").notNull(),
    /** NDJSON in gzip, as in `POST /api/edge/log`. */
    body: bytes("body").notNull(),
    receivedAt: instant("received_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.edgeId, table.lastSeq] })],
);

/** Lines that have the number of another: kept as they came. */
export const edgeForks = pgTable(
  "edge_forks",
  {
    edgeId: uuid("edge_id").notNull(),
    seq: counted("seq").notNull(),
    hash: text("hash").notNull(),
    line: text("line").notNull(),
    receivedAt: instant("received_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.edgeId, table.seq, table.hash] })],
);

/** What went wrong between an edge and us, for a person to look at. One of a kind that goes on is counted up. */
export const syncIncidents = pgTable(
  "sync_incidents",
  {
    id: uuid("id").primaryKey().defaultRandom(),
    facilityId: uuid("facility_id").notNull(),
    edgeId: uuid("edge_id").notNull(),
    kind: text("kind", {
      enum: [
        "fork",
        "broken_chain",
        "old_epoch",
        "fenced",
        "edge_restored",
        "cloud_restored",
        "quarantined",
        "unequal",
        "downlink_fork",
        "bad_assertion",
        "replaced",
        "oversold",
      ],
    }).notNull(),
    detail: text("detail").notNull(),
    /** How often, from `at` to `last_at`. */
    count: integer("count").notNull().default(1),
    at: instant("at").notNull(),
    lastAt: instant("last_at").notNull(),
    seenAt: instant("seen_at"),
    seenBy: text("seen_by"),
  },
  (table) => [
    index("sync_incidents_facility").on(table.facilityId, table.at),
    uniqueIndex("sync_incidents_open")
      .on(table.edgeId, table.kind, table.detail)
      .where(sql`${table.seenAt} is null`),
  ],
);

/** Keys that edges signed in with; the one that is not revoked counts. */
export const edgeKeys = pgTable(
  "edge_keys",
  {
    id: uuid("id").primaryKey(),
    edgeId: uuid("edge_id").notNull(),
    /** Ed25519, SubjectPublicKeyInfo. */
    publicKey: bytes("public_key").notNull(),
    /** What the box calls itself. */
    name: text("name").notNull(),
    enrolledAt: instant("enrolled_at").notNull(),
    revokedAt: instant("revoked_at"),
    revokedBy: text("revoked_by"),
  },
  (table) => [
    uniqueIndex("edge_keys_in_force")
      .on(table.edgeId)
      .where(sql`${table.revokedAt} is null`),
  ],
);

/** Access tokens of edges, by their SHA-256. */
export const edgeTokens = pgTable(
  "edge_tokens",
  {
    tokenHash: bytes("token_hash").primaryKey(),
    keyId: uuid("key_id").notNull(),
    /** The nonce that its assertion answered: each is good for one token. */
    nonce: text("nonce").notNull().unique(),
    expiresAt: instant("expires_at").notNull(),
  },
  (table) => [index("edge_tokens_key").on(table.keyId)],
);

/** Codes that enrol an edge, by their SHA-256: good once, for a quarter of an hour. */
export const enrolmentCodes = pgTable("enrolment_codes", {
  codeHash: bytes("code_hash").primaryKey(),
  facilityId: uuid("facility_id").notNull(),
  madeBy: text("made_by").notNull(),
  madeAt: instant("made_at").notNull(),
  expiresAt: instant("expires_at").notNull(),
  usedAt: instant("used_at"),
  /** The key that it enrolled. */
  usedBy: uuid("used_by"),
});

/** The cloud's own keys, in this database so that every API process has them. */
export const cloudKeys = pgTable("cloud_keys", {
  purpose: text("purpose", { enum: ["signing", "nonce", "access", "sealing"] }).primaryKey(),
  /** Signing: PKCS #8; the others: 32 random bytes. */
  secret: bytes("secret").notNull(),
  madeAt: instant("made_at").notNull(),
});

/** What goes down to a facility's edge, in its order. */
export const downlink = pgTable(
  "downlink",
  {
    facilityId: uuid("facility_id").notNull(),
    seq: counted("seq").notNull(),
    kind: text("kind").notNull(),
    body: text("body").notNull(),
    hash: text("hash").notNull(),
    madeAt: instant("made_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.facilityId, table.seq] })],
);

/** Commands of headquarters to gates. */
export const remoteCommands = pgTable(
  "remote_commands",
  {
    id: uuid("id").primaryKey(),
    facilityId: uuid("facility_id").notNull(),
    act: text("act").notNull(),
    lane: text("lane"),
    ticketNumber: text("ticket_number"),
    actor: text("actor").notNull(),
    reason: text("reason").notNull(),
    issuedAt: instant("issued_at").notNull(),
    expiresAt: instant("expires_at").notNull(),
    epoch: counted("epoch").notNull(),
    /** Null until the edge has answered. */
    outcome: text("outcome"),
    detail: text("detail"),
    answeredAt: instant("answered_at"),
  },
  (table) => [index("remote_commands_facility").on(table.facilityId, table.issuedAt)],
);

/** The manifests of each facility; its newest is in force. */
export const manifests = pgTable(
  "manifests",
  {
    facilityId: uuid("facility_id").notNull(),
    version: counted("version").notNull(),
    digest: text("digest").notNull(),
    signature: text("signature").notNull(),
    madeAt: instant("made_at").notNull(),
    /** Entries that it has in all. */
    entries: integer("entries").notNull(),
  },
  (table) => [primaryKey({ columns: [table.facilityId, table.version] })],
);

/** What a manifest says, entry by entry, with the version that said so last. */
export const manifestEntries = pgTable(
  "manifest_entries",
  {
    facilityId: uuid("facility_id").notNull(),
    section: text("section").notNull(),
    key: text("key").notNull(),
    /** JSON text; null = it was removed by that version. */
    body: text("body"),
    hash: text("hash").notNull(),
    bucket: integer("bucket").notNull(),
    version: counted("version").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.facilityId, table.section, table.key] }),
    index("manifest_entries_version").on(table.facilityId, table.version, table.section, table.key),
    index("manifest_entries_bucket").on(table.facilityId, table.bucket),
    index("manifest_entries_gone")
      .on(table.facilityId, table.version)
      .where(sql`${table.body} is null`),
  ],
);

/** The digests of a manifest's buckets that have entries. See shared/protocol/manifest-digest. */
export const manifestBuckets = pgTable(
  "manifest_buckets",
  {
    facilityId: uuid("facility_id").notNull(),
    bucket: integer("bucket").notNull(),
    digest: text("digest").notNull(),
  },
  (table) => [primaryKey({ columns: [table.facilityId, table.bucket] })],
);

/** The last comparison of each day of each kind of rows. */
export const equalityChecks = pgTable(
  "equality_checks",
  {
    facilityId: uuid("facility_id").notNull(),
    day: date("day", { mode: "string" }).notNull(),
    subject: text("subject").notNull(),
    /** The place in the log that both sides were at. */
    seq: counted("seq").notNull(),
    checkedAt: instant("checked_at").notNull(),
    edgeCount: counted("edge_count").notNull(),
    edgeMinor: counted("edge_minor").notNull(),
    edgeDigest: text("edge_digest").notNull(),
    cloudCount: counted("cloud_count").notNull(),
    cloudMinor: counted("cloud_minor").notNull(),
    cloudDigest: text("cloud_digest").notNull(),
    equal: boolean("equal").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.facilityId, table.day, table.subject] }),
    index("equality_checks_unequal")
      .on(table.facilityId, table.day)
      .where(sql`not ${table.equal}`),
  ],
);

/** Days (UTC) of which plates were forgotten here: their rows are compared by number and money alone. */
export const forgottenDays = pgTable(
  "forgotten_days",
  {
    facilityId: uuid("facility_id").notNull(),
    day: date("day", { mode: "string" }).notNull(),
    at: instant("at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.facilityId, table.day] })],
);

/** The rows that differ, as either side has them; null = it has none. */
export const equalityDifferences = pgTable(
  "equality_differences",
  {
    facilityId: uuid("facility_id").notNull(),
    day: date("day", { mode: "string" }).notNull(),
    subject: text("subject").notNull(),
    rowId: text("row_id").notNull(),
    edgeRow: text("edge_row"),
    cloudRow: text("cloud_row"),
    foundAt: instant("found_at").notNull(),
    /** The event that says so is in quarantine, and which; null = none is. */
    quarantinedSeq: counted("quarantined_seq"),
  },
  (table) => [primaryKey({ columns: [table.facilityId, table.day, table.subject, table.rowId] })],
);

/**
 * Rights to spaces that the edges have given, by class and slot, and how many of them are sold. Of `held`, `owed` are
 * the edge's again: see shared/domain/capacity-rights-cloud.
 */
export const capacityRights = pgTable(
  "capacity_rights",
  {
    facilityId: uuid("facility_id").notNull(),
    class: text("class").notNull(),
    slot: instant("slot").notNull(),
    held: integer("held").notNull(),
    sold: integer("sold").notNull().default(0),
    owed: integer("owed").notNull().default(0),
  },
  (table) => [
    primaryKey({ columns: [table.facilityId, table.class, table.slot] }),
    check("capacity_rights_sold", sql`${table.sold} >= 0 and ${table.sold} <= ${table.held}`),
    check("capacity_rights_owed", sql`${table.owed} >= 0`),
  ],
);

/** Every movement of rights, once. What answers a request has the request's id. */
export const rightsTransfers = pgTable(
  "rights_transfers",
  {
    facilityId: uuid("facility_id").notNull(),
    id: uuid("id").notNull(),
    direction: text("direction", { enum: ["from_edge", "to_edge"] }).notNull(),
    class: text("class").notNull(),
    from: instant("from").notNull(),
    until: instant("until").notNull(),
    amount: integer("amount").notNull(),
    at: instant("at").notNull(),
    /** When the edge told of it; null = what we gave back is on its way. */
    toldAt: instant("told_at"),
  },
  (table) => [
    primaryKey({ columns: [table.facilityId, table.id] }),
    index("rights_transfers_under_way")
      .on(table.facilityId, table.class, table.until)
      .where(sql`${table.toldAt} is null`),
  ],
);

/** What we asked the edges for. */
export const rightsRequests = pgTable(
  "rights_requests",
  {
    facilityId: uuid("facility_id").notNull(),
    id: uuid("id").notNull(),
    class: text("class").notNull(),
    from: instant("from").notNull(),
    until: instant("until").notNull(),
    amount: integer("amount").notNull(),
    askedAt: instant("asked_at").notNull(),
    expiresAt: instant("expires_at").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.facilityId, table.id] }),
    index("rights_requests_open").on(table.facilityId, table.class, table.expiresAt),
  ],
);

/** Spaces that are sold: each sale once, by the id that its seller gave it. */
export const capacitySales = pgTable(
  "capacity_sales",
  {
    facilityId: uuid("facility_id").notNull(),
    id: uuid("id").notNull(),
    class: text("class").notNull(),
    from: instant("from").notNull(),
    until: instant("until").notNull(),
    amount: integer("amount").notNull(),
    soldAt: instant("sold_at").notNull(),
    releasedAt: instant("released_at"),
  },
  (table) => [
    primaryKey({ columns: [table.facilityId, table.id] }),
    index("capacity_sales_open")
      .on(table.facilityId, table.class, table.until)
      .where(sql`${table.releasedAt} is null`),
  ],
);

/** What each gate looks like right now, as its edge said last: beside its log. */
export const edgeLive = pgTable("edge_live", {
  facilityId: uuid("facility_id").primaryKey(),
  bootId: text("boot_id").notNull(),
  serial: counted("serial").notNull(),
  state: json("state").notNull(),
  at: instant("at").notNull(),
});

/** Pictures that edges send; their bytes lie in files. */
export const pictures = pgTable(
  "pictures",
  {
    facilityId: uuid("facility_id").notNull(),
    pictureId: text("picture_id").notNull(),
    subject: text("subject").notNull(),
    /** Bytes in all, and SHA-256 of them in hex, as the edge announced. */
    size: integer("size").notNull(),
    sha256: text("sha256").notNull(),
    received: integer("received").notNull(),
    complete: boolean("complete").notNull().default(false),
    at: instant("at").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.facilityId, table.pictureId] }),
    index("pictures_subject").on(table.facilityId, table.subject),
  ],
);
