import type { ManifestChange } from "@parkme/shared/protocol/manifest";
import type { BookingRow } from "./booking-row.ts";
import type { BookingPolicy } from "./policy.ts";

/**
 * What a gate is told of a booking: an entry of its manifest's section `reservations` as long as the booking lets in or
 * out, and then none. What is changed is told within a second.
 */
export function entryOf(
  row: Pick<
    BookingRow,
    "id" | "status" | "plate" | "ticketNumber" | "entryTime" | "expectedExit" | "zoneSlug"
  >,
  { early_minutes }: Pick<BookingPolicy, "early_minutes">,
): ManifestChange {
  const { id, status, plate, ticketNumber, entryTime, expectedExit, zoneSlug } = row;
  const name = { section: "reservations", key: id };
  if (status !== "CONFIRMED" && status !== "ACTIVE") return { ...name, body: null };
  const entry = {
    id,
    plates: [plate],
    codes: [ticketNumber],
    from: entryTime.toISOString(),
    until: expectedExit.toISOString(),
    early_minutes,
    ...(zoneSlug === null ? {} : { zone: zoneSlug }),
  };
  return { ...name, body: JSON.stringify(entry) };
}
