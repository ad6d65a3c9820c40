import { and, eq, sql } from "drizzle-orm";
import { currentList } from "./list-building.ts";
import { type ListEntry, type ListRow, rowsOf, rowWriter, withEntry } from "./list-rows.ts";
import { listedPlates, lists, rightKeys, rights } from "./list-schema.ts";
import type { GateDatabase } from "./open.ts";

/** What an entry of the list in force was, and is from now on. */
export type ListChange = { readonly before: ListEntry | null; readonly after: ListEntry | null };

/** Changes some entries of the list in force, in the transaction that puts a manifest in force. */
export function listChanging(db: GateDatabase) {
  const write = rowWriter(db);
  const remove = rowRemover(db);
  return (
    changes: readonly ListChange[],
    head: Pick<typeof lists.$inferInsert, "version" | "asOf" | "importedAt">,
  ): void => {
    const current = currentList(db);
    if (current === undefined) throw new Error("there is no list to change");
    let totals = { ...current };
    for (const { before, after } of changes) {
      if (before !== null) {
        for (const row of rowsOf(before)) remove(current.id, row);
        totals = { ...totals, [before.section]: totals[before.section] - 1 };
      }
      if (after === null) continue;
      for (const row of rowsOf(after)) write(current.id, row);
      totals = { ...totals, ...withEntry(totals, after) };
    }
    db.update(lists)
      .set({ ...totals, ...head })
      .where(eq(lists.id, current.id))
      .run();
  };
}

function rowRemover(db: GateDatabase): (listId: number, row: ListRow) => void {
  const p = sql.placeholder;
  const right = db
    .delete(rights)
    .where(and(eq(rights.listId, p("listId")), eq(rights.kind, p("kind")), eq(rights.id, p("id"))))
    .prepare();
  const key = db
    .delete(rightKeys)
    .where(
      and(
        eq(rightKeys.listId, p("listId")),
        eq(rightKeys.text, p("text")),
        eq(rightKeys.medium, p("medium")),
        eq(rightKeys.kind, p("kind")),
        eq(rightKeys.rightId, p("rightId")),
      ),
    )
    .prepare();
  const listed = db
    .delete(listedPlates)
    .where(
      and(
        eq(listedPlates.listId, p("listId")),
        eq(listedPlates.plate, p("plate")),
        eq(listedPlates.kind, p("kind")),
      ),
    )
    .prepare();
  return (listId, { table, values }) => {
    switch (table) {
      case "rights":
        return void right.run({ listId, ...values });
      case "keys":
        return void key.run({ listId, ...values });
      case "listed":
        return void listed.run({ listId, ...values });
      default:
        return table satisfies never;
    }
  };
}
