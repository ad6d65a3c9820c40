import { bigint, customType, timestamp } from "drizzle-orm/pg-core";

/** The kinds of columns that the schema's files share. */

export const bytes = customType<{ data: Buffer }>({ dataType: () => "bytea" });
/** With its time zone, as a Date. */
export const instant = (name: string) => timestamp(name, { withTimezone: true, mode: "date" });
/** 64 bits in the database; here a number, which counts exactly to 2^53. */
export const counted = (name: string) => bigint(name, { mode: "number" });
