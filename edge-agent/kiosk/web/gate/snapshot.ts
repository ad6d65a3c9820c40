import { kioskSnapshotSchema, type KioskSnapshot } from "@parkme/shared/protocol/kiosk";
import { asCurrency, type Currency } from "@parkme/shared/domain/money";
import { err, ok, type Result } from "@parkme/shared/domain/result";

/** A snapshot of 20 movements, 50 alarms and a dozen lanes is some 40,000 characters. */
const MAX_SNAPSHOT_CHARACTERS = 500_000;

/** What the page shows: a snapshot whose currency and time zone this browser knows as well. */
export type Snapshot = KioskSnapshot & { readonly atMs: number; readonly currency: Currency };

/** The one place where live data enters the page. The error says what is wrong, for the person who is called. */
export function parseSnapshot(text: string): Result<Snapshot, string> {
  if (text.length > MAX_SNAPSHOT_CHARACTERS) return err(`too long: ${text.length} characters`);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return err("not JSON");
  }
  const parsed = kioskSnapshotSchema.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return err(issue === undefined ? "not a snapshot" : `${issue.path.join(".")}: ${issue.message}`);
  }
  try {
    const { facility, at } = parsed.data;
    new Intl.DateTimeFormat("en", { timeZone: facility.time_zone });
    return ok({ ...parsed.data, atMs: Date.parse(at), currency: asCurrency(facility.currency) });
  } catch (error) {
    return err(`facility: ${error instanceof Error ? error.message : "unusable"}`);
  }
}
