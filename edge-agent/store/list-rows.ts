import type { SQLiteTable } from "drizzle-orm/sqlite-core";
import type { RightKind } from "@parkme/shared/domain/stay";
import type { ListSection, SectionBody } from "@parkme/shared/protocol/manifest-sections";
import type { GateDatabase } from "./open.ts";
import { listedPlates, type lists, rightKeys, rights } from "./list-schema.ts";
import { inserter } from "./statements.ts";

/** What the entries of lists are as rows. */

/** An entry of one of the lists: a permit, a reservation, a plate that is kept out or watched for. */
export type ListEntry = {
  [S in ListSection]: { readonly section: S; readonly body: SectionBody<S> };
}[ListSection];

type Unlisted<T extends SQLiteTable> = Omit<T["$inferInsert"], "listId">;
export type ListRow =
  | { readonly table: "rights"; readonly values: Unlisted<typeof rights> }
  | { readonly table: "keys"; readonly values: Unlisted<typeof rightKeys> }
  | { readonly table: "listed"; readonly values: Unlisted<typeof listedPlates> };

export function rowsOf(entry: ListEntry): ListRow[] {
  const { section, body } = entry;
  switch (section) {
    case "permits": {
      const { id, account, fromMs: validFrom, untilMs: validUntil, spaces, zone, pass, plates, cards } = body;
      const values = { kind: "permit", id, account, validFrom, validUntil, spaces, zone, pass } as const;
      return [
        { table: "rights", values },
        ...keysOf("permit", id, "plate", plates),
        ...keysOf("permit", id, "card", cards),
      ];
    }
    case "reservations": {
      const { id, fromMs: validFrom, reservedFromMs: reservedFrom, untilMs: validUntil, zone } = body;
      const values = { kind: "reservation", id, validFrom, reservedFrom, validUntil, zone } as const;
      return [
        { table: "rights", values },
        ...keysOf("reservation", id, "plate", body.plates),
        ...keysOf("reservation", id, "code", body.codes),
      ];
    }
    case "blocked":
    case "watched":
      return [{ table: "listed", values: { plate: body.plate, kind: section, reason: body.reason } }];
    default:
      return section satisfies never;
  }
}

function keysOf(
  kind: RightKind,
  rightId: string,
  medium: "plate" | "card" | "code",
  texts: readonly string[],
): ListRow[] {
  return texts.map((text) => ({ table: "keys", values: { kind, rightId, medium, text } }));
}

/** Writes rows of a list; one that is there twice is there once. */
export function rowWriter(db: GateDatabase): (listId: number, row: ListRow) => void {
  const insertRight = inserter(db, rights);
  const insertKey = inserter(db, rightKeys, "ignore");
  const insertListed = inserter(db, listedPlates, "ignore");
  return (listId, row) => {
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
  };
}

/** How many entries a list has, and how long its longest reservation keeps a space. */
export type ListTotals = Pick<
  typeof lists.$inferSelect,
  "permits" | "reservations" | "blocked" | "watched" | "longestHoldMs"
>;

export const NO_ENTRIES: ListTotals = {
  permits: 0,
  reservations: 0,
  blocked: 0,
  watched: 0,
  longestHoldMs: 0,
};

/** The totals with one entry more. The longest hold only ever grows: a bound is enough. */
export function withEntry(totals: ListTotals, { section, body }: ListEntry): ListTotals {
  const holdMs = section === "reservations" ? body.untilMs - body.fromMs : 0;
  const longestHoldMs = Math.max(totals.longestHoldMs, holdMs);
  return { ...totals, longestHoldMs, [section]: totals[section] + 1 };
}
