import { getTableConfig, type SQLiteTable } from "drizzle-orm/sqlite-core";
import type { GateDatabase } from "./open.ts";
import { capacityRights, rightsTransfers } from "./link-schema.ts";
import {
  attemptSteps,
  drawerMoves,
  ledger,
  moneyActs,
  paymentAttempts,
  payments,
  receipts,
  shifts,
  spentCodes,
  stayAmendments,
  tariffs,
  validations,
} from "./money-schema.ts";
import {
  agentState,
  alarms,
  countCorrections,
  holds,
  modes,
  movements,
  passbackResets,
  resets,
  schedules,
  stays,
  ticketPrints,
  tickets,
  vends,
  zoneCounts,
} from "./schema.ts";

/**
 * The tables that are the gate's own record: every change of their rows goes into the log, in the transaction that made
 * it, so that the cloud can give them back. Left out: what the cloud says (lists, manifests), what is over in a moment
 * (lanes, commands to boards), and who was seen (plate reads), which is forgotten on purpose.
 */
export const RECORD_TABLES: readonly SQLiteTable[] = [
  stays,
  tickets,
  movements,
  ticketPrints,
  vends,
  resets,
  holds,
  alarms,
  modes,
  zoneCounts,
  countCorrections,
  schedules,
  passbackResets,
  moneyActs,
  shifts,
  drawerMoves,
  payments,
  paymentAttempts,
  attemptSteps,
  ledger,
  receipts,
  validations,
  stayAmendments,
  spentCodes,
  tariffs,
  capacityRights,
  rightsTransfers,
];

/** Of the agent's own row, only the count belongs to the record. */
const AGENT_COLUMNS = ["id", "inside"];

/** @param gone the row was deleted: `json` holds its key only. */
export type RowListener = (table: string, json: string, gone: boolean) => void;

/**
 * Tells of every row of the record that this connection writes, as it is then, while somebody listens. By triggers of this connection alone:
 * the file has none of it, and other programs that open it are not concerned.
 */
export function watchRows(db: GateDatabase, tell: RowListener, listens: () => boolean): void {
  const { $client: file } = db;
  // Asked first: to put the row into words costs more than to write it.
  file.function("parkme_listens", () => (listens() ? 1 : 0));
  file.function("parkme_row", (table: unknown, json: unknown, gone: unknown) => {
    tell(String(table), String(json), gone === 1);
    return null;
  });
  for (const table of RECORD_TABLES) {
    const { name, columns } = getTableConfig(table);
    const all = columns.map((column) => column.name);
    watch(name, "insert", jsonOf(all, "new"), 0);
    watch(name, "update", jsonOf(all, "new"), 0);
    watch(name, "delete", jsonOf(keyColumns(table), "old"), 1);
  }
  const { name } = getTableConfig(agentState);
  watch(name, "insert", jsonOf(AGENT_COLUMNS, "new"), 0);
  watch(name, "update of inside", jsonOf(AGENT_COLUMNS, "new"), 0);

  function watch(table: string, when: string, json: string, gone: 0 | 1): void {
    const trigger = `tell_${table}_${when.split(" ")[0]}`;
    file.exec(
      `create temp trigger ${trigger} after ${when} on main.${table} when parkme_listens() begin select parkme_row('${table}', ${json}, ${gone}); end`,
    );
  }
}

/** The columns of a table's primary key. */
export function keyColumns(table: SQLiteTable): readonly string[] {
  const { columns, primaryKeys } = getTableConfig(table);
  return (primaryKeys[0]?.columns ?? columns.filter(({ primary }) => primary)).map(({ name }) => name);
}

function jsonOf(columns: readonly string[], row: "new" | "old"): string {
  return `json_object(${columns.map((name) => `'${name}', ${row}."${name}"`).join(", ")})`;
}
