import { eq, lt, sql } from "drizzle-orm";
import type { SQLiteTable } from "drizzle-orm/sqlite-core";
import type { RightKind } from "@parkme/shared/domain/stay";
import type { Lists } from "../lists/list-file.ts";
import { CURRENT_LIST } from "./lists.ts";
import type { GateDatabase } from "./open.ts";
import { listedPlates, lists, rightKeys, rights } from "./list-schema.ts";
import { inserter } from "./statements.ts";

/** Rows in one transaction: a few milliseconds, so that no lane ever waits long for its turn to write. */
const CHUNK_ROWS = 200;

/**
 * Replaces the lists as a whole. The new ones are written beside those in force, a little at a time, and take
 * their place in one transaction; nobody ever sees half of them. A list that another import has overtaken
 * meanwhile is dropped.
 *
 * @returns false when it was overtaken.
 */
export async function replaceLists(db: GateDatabase, next: Lists, nowMs: number): Promise<boolean> {
  const listId = begin(db, next, nowMs);
  const insertRight = inserter(db, rights);
  const insertKey = inserter(db, rightKeys, "ignore");
  const insertListed = inserter(db, listedPlates, "ignore");
  await inChunks(db, rowsOf(next), (row) => {
    switch (row.table) {
      case "rights":
        return insertRight({ listId, ...row.values });
      case "keys":
        return insertKey({ listId, ...row.values });
      case "listed":
        return insertListed({ listId, ...row.values });
      default:
        return row satisfies never;
    }
  });
  const { changes } = db.update(lists).set({ complete: true }).where(eq(lists.id, listId)).run();
  await forgetOlder(db);
  return (
    changes > 0 &&
    db.select({ id: lists.id }).from(lists).where(eq(lists.id, CURRENT_LIST)).get()?.id === listId
  );
}

function begin(db: GateDatabase, next: Lists, nowMs: number): number {
  const holds = next.reservations.map(({ fromMs, untilMs }) => untilMs - fromMs);
  const row = db
    .insert(lists)
    .values({
      version: next.version,
      asOf: next.asOfMs ?? nowMs,
      importedAt: nowMs,
      permits: next.permits.length,
      reservations: next.reservations.length,
      blocked: next.blocked.length,
      watched: next.watched.length,
      longestHoldMs: holds.reduce((a, b) => Math.max(a, b), 0),
      complete: false,
    })
    .returning({ id: lists.id })
    .get();
  return row.id;
}

type Unlisted<T extends SQLiteTable> = Omit<T["$inferInsert"], "listId">;
type Row =
  | { readonly table: "rights"; readonly values: Unlisted<typeof rights> }
  | { readonly table: "keys"; readonly values: Unlisted<typeof rightKeys> }
  | { readonly table: "listed"; readonly values: Unlisted<typeof listedPlates> };

function* rowsOf(next: Lists): Generator<Row> {
  for (const permit of next.permits) {
    const { id, account, fromMs: validFrom, untilMs: validUntil, spaces, zone, pass } = permit;
    const values = { kind: "permit", id, account, validFrom, validUntil, spaces, zone, pass } as const;
    yield { table: "rights", values };
    yield* keysOf("permit", id, "plate", permit.plates);
    yield* keysOf("permit", id, "card", permit.cards);
  }
  for (const reservation of next.reservations) {
    const { id, fromMs: validFrom, reservedFromMs: reservedFrom, untilMs: validUntil, zone } = reservation;
    const values = { kind: "reservation", id, validFrom, reservedFrom, validUntil, zone } as const;
    yield { table: "rights", values };
    yield* keysOf("reservation", id, "plate", reservation.plates);
    yield* keysOf("reservation", id, "code", reservation.codes);
  }
  for (const { plate, reason } of next.blocked)
    yield { table: "listed", values: { plate, kind: "blocked", reason } };
  for (const { plate, reason } of next.watched)
    yield { table: "listed", values: { plate, kind: "watched", reason } };
}

function* keysOf(
  kind: RightKind,
  rightId: string,
  medium: "plate" | "card" | "code",
  texts: readonly string[],
): Generator<Row> {
  for (const text of texts) yield { table: "keys", values: { kind, rightId, medium, text } };
}

async function inChunks(db: GateDatabase, rows: Iterable<Row>, write: (row: Row) => void): Promise<void> {
  let chunk: Row[] = [];
  const flush = async (): Promise<void> => {
    if (chunk.length === 0) return;
    const written = chunk;
    chunk = [];
    await pausing(() => {
      db.transaction(() => written.forEach(write), { behavior: "immediate" });
    });
  };
  for (const row of rows) {
    chunk.push(row);
    if (chunk.length >= CHUNK_ROWS) await flush();
  }
  await flush();
}

/** Rows of lists that were replaced, and of imports that never came to an end. */
async function forgetOlder(db: GateDatabase): Promise<void> {
  const current = db.select({ id: lists.id }).from(lists).where(eq(lists.id, CURRENT_LIST)).get()?.id;
  if (current === undefined) return;
  for (const table of [rights, rightKeys, listedPlates] as const) {
    const some = sql`rowid in (select rowid from ${table} where ${table.listId} < ${current} limit ${CHUNK_ROWS * 5})`;
    let gone = 0;
    do {
      gone = await pausing(() => db.delete(table).where(some).run().changes);
    } while (gone > 0);
  }
  db.delete(lists).where(lt(lists.id, current)).run();
}

/** Does something that holds the database, then leaves it alone for about as long: lanes write in between. */
async function pausing<T>(work: () => T): Promise<T> {
  const startedMs = performance.now();
  const done = work();
  const tookMs = performance.now() - startedMs;
  await new Promise((resolve) => {
    setTimeout(resolve, Math.ceil(tookMs) + 1);
  });
  return done;
}
