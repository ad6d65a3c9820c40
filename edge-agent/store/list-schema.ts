import { sql } from "drizzle-orm";
import { index, integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import { RIGHT_KINDS } from "@parkme/shared/domain/stay";

/** The lists of who may park: the tables that are replaced as a whole. Times are Unix milliseconds. */

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
  /** A file that somebody imported, or the manifest of headquarters. */
  source: text({ enum: ["file", "manifest"] })
    .notNull()
    .default("file"),
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
    /** From when on it lets in. */
    validFrom: integer("valid_from").notNull(),
    validUntil: integer("valid_until").notNull(),
    /** How many vehicles the account may have inside; null = one for each permit. */
    spaces: integer(),
    zone: text(),
    /** Of a permit: the tariff's pass that it is; null = it covers everything. */
    pass: text(),
    /** Of a reservation: when the time begins that it is for, at or after `valid_from`; null = with that. */
    reservedFrom: integer("reserved_from"),
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
