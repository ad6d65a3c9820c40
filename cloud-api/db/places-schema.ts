import { sql } from "drizzle-orm";
import {
  boolean,
  check,
  index,
  integer,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
  uuid,
} from "drizzle-orm/pg-core";
import { instant } from "./columns.ts";

/** What facilities consist of. Keys lead with the facility: see `facilities` in schema.ts. */

export const zones = pgTable(
  "zones",
  {
    facilityId: uuid("facility_id").notNull(),
    id: uuid("id").notNull(),
    /** The zone that it lies in; null = none. */
    parentId: uuid("parent_id"),
    /** As the gate names it, where the two have the same zone. */
    slug: text("slug").notNull(),
    name: text("name").notNull(),
    /** Storeys above the ground. */
    level: integer("level").notNull().default(0),
    closedAt: instant("closed_at"),
  },
  (table) => [
    primaryKey({ columns: [table.facilityId, table.id] }),
    uniqueIndex("zones_slug").on(table.facilityId, table.slug),
    index("zones_parent").on(table.facilityId, table.parentId),
  ],
);

/** From small to large: what fits a size fits those behind it. */
export const SPOT_SIZES = ["motorcycle", "compact", "standard", "large", "oversize"] as const;

export const spots = pgTable(
  "spots",
  {
    facilityId: uuid("facility_id").notNull(),
    id: uuid("id").notNull(),
    zoneId: uuid("zone_id").notNull(),
    /** What is painted on it. */
    number: text("number").notNull(),
    size: text("size", { enum: SPOT_SIZES }).notNull(),
    /** Its place in SPOT_SIZES, so that "at least this size" is a range of an index. */
    sizeRank: integer("size_rank").notNull(),
    ev: boolean("ev").notNull().default(false),
    accessible: boolean("accessible").notNull().default(false),
    /** Types of vehicles that may stand there; empty = all. */
    vehicleTypes: text("vehicle_types")
      .array()
      .notNull()
      .default(sql`'{}'`),
    /** It may be booked by its number: drive-ins are never sent there. */
    reservable: boolean("reservable").notNull().default(true),
    status: text("status", { enum: ["free", "occupied", "blocked"] })
      .notNull()
      .default("free"),
    statusAt: instant("status_at").notNull(),
    /** Who said so last: `sensor`, `gate`, `booking` or a person. */
    statusBy: text("status_by").notNull(),
    /** Its occupancy sensor's own name. */
    sensor: text("sensor"),
    closedAt: instant("closed_at"),
  },
  (table) => [
    primaryKey({ columns: [table.facilityId, table.id] }),
    // A booking may name a spot by its id alone.
    index("spots_id").on(table.id),
    uniqueIndex("spots_number").on(table.facilityId, table.number),
    uniqueIndex("spots_sensor").on(table.facilityId, table.sensor),
    index("spots_search").on(table.facilityId, table.sizeRank, table.ev, table.accessible),
    index("spots_zone").on(table.facilityId, table.zoneId),
  ],
);

/** How many spots of each kind there are now; written with every change of a spot, in its transaction. */
export const spotCounts = pgTable(
  "spot_counts",
  {
    facilityId: uuid("facility_id").notNull(),
    zoneId: uuid("zone_id").notNull(),
    size: text("size", { enum: SPOT_SIZES }).notNull(),
    ev: boolean("ev").notNull(),
    accessible: boolean("accessible").notNull(),
    total: integer("total").notNull(),
    occupied: integer("occupied").notNull(),
    blocked: integer("blocked").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.facilityId, table.zoneId, table.size, table.ev, table.accessible] }),
    check(
      "spot_counts_sum",
      sql`${table.occupied} >= 0 and ${table.blocked} >= 0 and ${table.occupied} + ${table.blocked} <= ${table.total}`,
    ),
  ],
);
