import { sql } from "drizzle-orm";
import { index, integer, pgTable, primaryKey, text, uuid } from "drizzle-orm/pg-core";
import { bytes, counted, instant } from "./columns.ts";

/**
 * Who may do what. Secrets are kept as hashes, or sealed; no tenant reads these tables, only the accounts code does.
 * See `users` in schema.ts.
 */

/** The facilities that staff work at. */
export const staffFacilities = pgTable(
  "staff_facilities",
  {
    userId: uuid("user_id").notNull(),
    facilityId: uuid("facility_id").notNull(),
    assignedAt: instant("assigned_at").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.userId, table.facilityId] }),
    index("staff_facilities_facility").on(table.facilityId),
  ],
);

/** A device that somebody signed in on: the family of its refresh tokens. */
export const signIns = pgTable(
  "sign_ins",
  {
    id: uuid("id").primaryKey(),
    userId: uuid("user_id").notNull(),
    /** What the client calls itself, shortened. */
    device: text("device").notNull(),
    address: text("address").notNull(),
    at: instant("at").notNull(),
    lastUsedAt: instant("last_used_at").notNull(),
    expiresAt: instant("expires_at").notNull(),
    revokedAt: instant("revoked_at"),
    /** `signed_out`, `reuse`, `password_changed`, ... */
    revokedWhy: text("revoked_why"),
  },
  (table) => [index("sign_ins_user").on(table.userId, table.at)],
);

/** Refresh tokens by their SHA-256: each is good for one new pair. */
export const refreshTokens = pgTable(
  "refresh_tokens",
  {
    tokenHash: bytes("token_hash").primaryKey(),
    signInId: uuid("sign_in_id").notNull(),
    issuedAt: instant("issued_at").notNull(),
    expiresAt: instant("expires_at").notNull(),
    /** When it was traded in; again within seconds is a lost response, later is theft. */
    spentAt: instant("spent_at"),
  },
  (table) => [
    index("refresh_tokens_sign_in").on(table.signInId),
    index("refresh_tokens_over").on(table.expiresAt),
  ],
);

/** Keys of other programs, by their SHA-256. */
export const apiKeys = pgTable(
  "api_keys",
  {
    id: uuid("id").primaryKey(),
    organisationId: uuid("organisation_id").notNull(),
    name: text("name").notNull(),
    /** The first characters, to tell keys apart by. */
    prefix: text("prefix").notNull(),
    keyHash: bytes("key_hash").notNull().unique(),
    /** What it may do: see KEY_SCOPES in accounts/principal.ts. */
    scopes: text("scopes").array().notNull(),
    /** Null = all of its organisation's. */
    facilityIds: uuid("facility_ids").array(),
    madeBy: uuid("made_by").notNull(),
    madeAt: instant("made_at").notNull(),
    expiresAt: instant("expires_at"),
    lastUsedAt: instant("last_used_at"),
    revokedAt: instant("revoked_at"),
  },
  (table) => [index("api_keys_organisation").on(table.organisationId, table.madeAt)],
);

/** Tokens of password resets, by their SHA-256: good once. */
export const passwordResets = pgTable(
  "password_resets",
  {
    tokenHash: bytes("token_hash").primaryKey(),
    userId: uuid("user_id").notNull(),
    madeAt: instant("made_at").notNull(),
    expiresAt: instant("expires_at").notNull(),
    usedAt: instant("used_at"),
  },
  (table) => [index("password_resets_user").on(table.userId)],
);

/** Second factors (RFC 6238). */
export const totpSecrets = pgTable("totp_secrets", {
  userId: uuid("user_id").primaryKey(),
  /** Sealed with the key of the cloud (AES-256-GCM). */
  sealed: bytes("sealed").notNull(),
  madeAt: instant("made_at").notNull(),
  /** Null = it was made, and no code of it was shown yet: it does not count. */
  confirmedAt: instant("confirmed_at"),
  /** The last time step whose code was taken: each is good once. */
  lastStep: counted("last_step").notNull().default(0),
  /** SHA-256 of the recovery codes that are left. */
  recovery: bytes("recovery")
    .array()
    .notNull()
    .default(sql`'{}'`),
});

/** Wrong passwords in a row, by user; a right one takes the row away. */
export const failedSignIns = pgTable("failed_sign_ins", {
  userId: uuid("user_id").primaryKey(),
  count: integer("count").notNull(),
  lastAt: instant("last_at").notNull(),
  lockedUntil: instant("locked_until"),
});
