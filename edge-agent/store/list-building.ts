import { and, eq, lt, sql, type SQL } from "drizzle-orm";
import type { SQLiteColumn } from "drizzle-orm/sqlite-core";
import { CURRENT_LIST } from "./lists.ts";
import type { GateDatabase } from "./open.ts";
import { listedPlates, lists, rightKeys, rights } from "./list-schema.ts";
import { type ListEntry, type ListTotals, NO_ENTRIES, rowsOf, rowWriter, withEntry } from "./list-rows.ts";
import { inTurns, type Rest, unsynced } from "./turns.ts";

/** Lists are built beside the one in force, and take its place in one short transaction. */

export type ListHead = Pick<typeof lists.$inferInsert, "version" | "asOf" | "importedAt" | "source">;
/** A list that is written, and not in force. */
export type BuiltList = { readonly listId: number; readonly totals: ListTotals };

/** Some milliseconds of rows. */
const LEAST_ENTRIES = 100;

/** @param entries may throw: then what was written is forgotten, and the list in force stays. */
export async function buildList(
  db: GateDatabase,
  head: ListHead,
  entries: Iterable<ListEntry>,
  rest: Rest,
): Promise<BuiltList> {
  const begun = { ...head, ...NO_ENTRIES, complete: false };
  const { listId } = db.insert(lists).values(begun).returning({ listId: lists.id }).get();
  const write = rowWriter(db);
  let totals = NO_ENTRIES;
  const add = (entry: ListEntry): void => {
    for (const row of rowsOf(entry)) write(listId, row);
    totals = withEntry(totals, entry);
  };
  try {
    await inTurns(entries, add, { rest, hold: unsynced(db), least: LEAST_ENTRIES });
  } catch (error) {
    await forgetList(db, listId, rest);
    throw error;
  }
  return { listId, totals };
}

/** Puts a list in force, within a transaction. False when another has overtaken it: it never will be. */
export function putInForce(db: GateDatabase, { listId, totals }: BuiltList): boolean {
  const { changes } = db
    .update(lists)
    .set({ ...totals, complete: true })
    .where(eq(lists.id, listId))
    .run();
  return changes > 0 && currentList(db)?.id === listId;
}

export function currentList(db: GateDatabase): typeof lists.$inferSelect | undefined {
  return db.select().from(lists).where(eq(lists.id, CURRENT_LIST)).get();
}

/** Whether the lists are those of the manifest: then no file takes their place. */
export function listsAreOfManifest(db: GateDatabase): boolean {
  const current = currentList(db);
  if (current?.source !== "manifest") return false;
  return current.permits + current.reservations + current.blocked + current.watched > 0;
}

/** Forgets lists that were replaced, and older ones that never came to an end. */
export async function forgetOlder(db: GateDatabase, rest: Rest): Promise<void> {
  const current = currentList(db)?.id;
  if (current !== undefined) await forgetLists(db, (id) => lt(id, current), rest);
}

/** Forgets what a manifest began to write and a stop of the program has cut off. */
export async function forgetUnfinished(db: GateDatabase, rest: Rest): Promise<void> {
  const unfinished = and(eq(lists.source, "manifest"), eq(lists.complete, false));
  const ids = db.select({ id: lists.id }).from(lists).where(unfinished).all();
  for (const { id } of ids) await forgetList(db, id, rest);
}

/** Forgets a list that is not in force. */
export async function forgetList(db: GateDatabase, listId: number, rest: Rest): Promise<void> {
  if (currentList(db)?.id !== listId) await forgetLists(db, (id) => eq(id, listId), rest);
}

const ROWS_AT_ONCE = 100;

async function forgetLists(db: GateDatabase, which: (id: SQLiteColumn) => SQL, rest: Rest): Promise<void> {
  for (const table of [rights, rightKeys, listedPlates] as const) {
    const some = sql`rowid in (select rowid from ${table} where ${which(table.listId)} limit ${ROWS_AT_ONCE})`;
    const remove = db.delete(table).where(some).prepare();
    await inTurns(
      untilNone(() => remove.run().changes),
      () => undefined,
      { rest, hold: unsynced(db) },
    );
  }
  db.delete(lists).where(which(lists.id)).run();
}

/** Again and again, until there is nothing left to do. */
export function* untilNone(act: () => number): Generator<number> {
  for (let done = act(); done > 0; done = act()) yield done;
}
