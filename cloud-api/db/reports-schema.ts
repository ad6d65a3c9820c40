import { index, integer, pgTable, primaryKey, text, uuid } from "drizzle-orm/pg-core";
import { instant } from "./columns.ts";

/** What reports alone need of the edges' events. */

/** The count of vehicles inside was set: counting back from now over it, the hours before it stay right. */
export const countCorrections = pgTable(
  "count_corrections",
  {
    facilityId: uuid("facility_id").notNull(),
    /** Of its event. */
    id: uuid("id").notNull(),
    before: integer("before").notNull(),
    after: integer("after").notNull(),
    cause: text("cause").notNull(),
    actor: text("actor"),
    reason: text("reason").notNull(),
    at: instant("at").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.facilityId, table.id] }),
    index("count_corrections_at").on(table.facilityId, table.at),
  ],
);
