import type { Lists } from "../lists/list-file.ts";
import { buildList, forgetList, forgetOlder, listsAreOfManifest, putInForce } from "./list-building.ts";
import type { ListEntry } from "./list-rows.ts";
import type { GateDatabase } from "./open.ts";
import { type Rest, restAsLong } from "./turns.ts";

/**
 * Replaces the lists as a whole by those of a file. The new ones are written beside those in force, a little at a time,
 * and take their place in one transaction; nobody ever sees half of them. A list that another import has overtaken
 * meanwhile is dropped, and so is one beside the lists of headquarters' manifest: while that has any, they are its own.
 *
 * @returns false when it was dropped.
 */
export async function replaceLists(
  db: GateDatabase,
  next: Lists,
  nowMs: number,
  rest: Rest = restAsLong,
): Promise<boolean> {
  const head = {
    version: next.version,
    asOf: next.asOfMs ?? nowMs,
    importedAt: nowMs,
    source: "file",
  } as const;
  const built = await buildList(db, head, entriesOf(next), rest);
  const inForce = db.transaction(() => !listsAreOfManifest(db) && putInForce(db, built), {
    behavior: "immediate",
  });
  if (inForce) await forgetOlder(db, rest);
  else await forgetList(db, built.listId, rest);
  return inForce;
}

function* entriesOf({ permits, reservations, blocked, watched }: Lists): Generator<ListEntry> {
  for (const body of permits) yield { section: "permits", body };
  for (const body of reservations) yield { section: "reservations", body };
  for (const body of blocked) yield { section: "blocked", body };
  for (const body of watched) yield { section: "watched", body };
}
