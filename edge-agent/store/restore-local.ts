import { and, asc, eq, gt, sql } from "drizzle-orm";
import { log } from "./link-schema.ts";
import type { GateDatabase } from "./open.ts";
import { imagesOf, type Image, type ImageRow } from "./restore-lines.ts";
import { primaryKeyOf } from "./restore-tables.ts";

/** Rows of the log that are read in one go. */
const CHUNK = 500;

/** What passages did to a count here, and whether somebody set it here: then it is what it was set to. */
export type LocalCount = { readonly by: number; readonly isSet: boolean };
const UNTOUCHED: LocalCount = { by: 0, isSet: false };

/** The facility's own count, where zones have their names. */
const FACILITY = "";

export type LocalChanges = ReturnType<typeof createLocalChanges>;

/**
 * What was changed here since the database was restored, by the rows that go with the log's own rows behind a place.
 */
export function createLocalChanges(db: GateDatabase) {
  let readTo = 0;
  let beginsAt = 0;
  /** How many rows of the log are about a row of the record. */
  const changed = new Map<string, number>();
  const events = new Set<string>();
  const counts = new Map<string, LocalCount>();
  const next = db
    .select({ seq: log.seq, eventId: log.eventId, rows: log.rows })
    .from(log)
    .where(gt(log.seq, sql.placeholder("after")))
    .orderBy(asc(log.seq))
    .limit(CHUNK)
    .prepare();

  /** @param times -1 = it is not counted any more. */
  function remember({ table, row }: Image, times: 1 | -1 = 1): void {
    const key = primaryKeyOf(table, row);
    if (key !== null) {
      const name = `${table} ${key}`;
      const left = (changed.get(name) ?? 0) + times;
      if (left > 0) changed.set(name, left);
      else changed.delete(name);
    }
    if (table === "movements") {
      for (const { count, by } of passageOf(row)) {
        const before = counts.get(count) ?? UNTOUCHED;
        counts.set(count, { ...before, by: before.by + by * times });
      }
    }
    if (table === "count_corrections") counts.set(String(row["zone"] ?? FACILITY), { by: 0, isSet: true });
  }

  return {
    /** Forgets all, and begins behind a place of the log. */
    begin: (seq: number): void => {
      [readTo, beginsAt] = [seq, seq];
      changed.clear();
      events.clear();
      counts.clear();
    },
    /** Reads a little further; false = there is nothing more to read. */
    readOn: (): boolean => {
      const rows = next.all({ after: readTo });
      for (const row of rows) {
        for (const image of imagesOf(row.rows ?? "[]") ?? []) remember(image);
        events.add(row.eventId);
        readTo = row.seq;
      }
      return rows.length === CHUNK;
    },
    /**
     * The cloud has this event already: it was sent before the database was put back from a copy that was made after
     * the event. It is none of here then, and its row of the log, which comes from the cloud, goes.
     */
    giveUp: (eventId: string): void => {
      if (!events.delete(eventId)) return;
      const here = and(gt(log.seq, beginsAt), eq(log.eventId, eventId));
      for (const { rows } of db.select({ rows: log.rows }).from(log).where(here).all())
        for (const image of imagesOf(rows ?? "[]") ?? []) remember(image, -1);
      db.delete(log).where(here).run();
    },
    /** Whether a row of a table was written here. */
    has: (table: string, key: string): boolean => changed.has(`${table} ${key}`),
    /** @param zone null = the facility. */
    count: (zone: string | null): LocalCount => counts.get(zone ?? FACILITY) ?? UNTOUCHED,
  };
}

type Change = { readonly count: string; readonly by: number };

/** What a movement did to the counts. */
function passageOf(row: ImageRow): readonly Change[] {
  const facility =
    row["scope"] === "facility" ? [{ count: FACILITY, by: row["direction"] === "in" ? 1 : -1 }] : [];
  return [...facility, ...zonesOf(String(row["zones"] ?? "[]"))];
}

/** Written by this program: JSON of its own. */
function zonesOf(json: string): readonly Change[] {
  const zones = JSON.parse(json) as readonly { readonly zone: string; readonly by: number }[];
  return zones.map(({ zone, by }) => ({ count: zone, by }));
}
