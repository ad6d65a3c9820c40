import { getTableColumns } from "drizzle-orm";
import { bookings } from "../db/bookings-schema.ts";
import type { BookingRow } from "./booking-row.ts";

/** Each member, with its column as JSON has it. */
const COLUMNS = Object.entries(getTableColumns(bookings)).map(
  ([member, { name }]) => [member as keyof BookingRow, `${JSON.stringify(name)}:`] as const,
);

/** A booking as PostgreSQL's `json_populate_record` reads it: what it has not is null. */
export function asRecord(row: BookingRow): string {
  let text = "";
  for (const [member, name] of COLUMNS) {
    const value = row[member];
    if (value !== null) text += `${text === "" ? "" : ","}${name}${JSON.stringify(value)}`;
  }
  return `{${text}}`;
}
