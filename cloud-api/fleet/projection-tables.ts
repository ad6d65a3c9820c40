import { copyText, type Copy } from "../db/copy.ts";

/** A column that a projection's rows fill, with its type: the name is the row's key. */
export type Column = readonly [
  name: string,
  type: "uuid" | "text" | "bigint" | "timestamptz" | "boolean" | "stay_status",
];

/** A table of what a facility's events lead to. Its rows have `facility_id` besides. */
export type Table = {
  readonly columns: readonly Column[];
  /** The statement of COPY: the facility, then the columns. */
  readonly copy: string;
  /**
   * Rows from one parameter each for the facility ($1) and for all of them, as JSON ($2): its text, and so its plan, does
   * not depend on their number.
   */
  readonly insert: string;
};

function table(name: string, columns: readonly Column[]): Table {
  const names = columns.map(([column]) => column).join(", ");
  const types = columns.map((column) => column.join(" ")).join(", ");
  return {
    columns,
    copy: `copy ${name} (facility_id, ${names}) from stdin`,
    insert: `insert into ${name} (facility_id, ${names})
      select $1::uuid, ${names} from json_to_recordset($2::json) as r(${types})`,
  };
}

export const TABLES = {
  stays: table("stays", [
    ["stay_id", "uuid"],
    ["status", "stay_status"],
    ["ticket_number", "text"],
    ["plate", "text"],
    ["entry_lane", "text"],
    ["entry_at", "timestamptz"],
    ["exit_lane", "text"],
    ["exit_at", "timestamptz"],
    ["fee_minor", "bigint"],
    ["fee_currency", "text"],
    ["applied_rule", "text"],
    ["tariff_version", "bigint"],
    ["void_reason", "text"],
    ["review", "text"],
    ["right_kind", "text"],
    ["right_id", "text"],
    ["vehicle_type", "text"],
    ["ev", "boolean"],
    ["accessible", "boolean"],
    ["lost_ticket", "text"],
  ]),
  movements: table("movements", [
    ["movement_id", "uuid"],
    ["lane", "text"],
    ["direction", "text"],
    ["scope", "text"],
    ["kind", "text"],
    ["stay_id", "uuid"],
    ["plate", "text"],
    ["at", "timestamptz"],
    ["review", "text"],
    ["fee_minor", "bigint"],
    ["fee_currency", "text"],
  ]),
  payments: table("payments", [
    ["payment_id", "uuid"],
    ["stay_id", "uuid"],
    ["lane", "text"],
    ["method", "text"],
    ["amount_minor", "bigint"],
    ["currency", "text"],
    ["actor", "text"],
    ["at", "timestamptz"],
    ["change_minor", "bigint"],
    ["reference", "text"],
    ["shift_id", "uuid"],
    ["receipt_number", "bigint"],
  ]),
  ledger: table("ledger", [
    ["entry_id", "uuid"],
    ["stay_id", "uuid"],
    ["kind", "text"],
    ["side", "text"],
    ["amount_minor", "bigint"],
    ["currency", "text"],
    ["method", "text"],
    ["payment_id", "uuid"],
    ["shift_id", "uuid"],
    ["place", "text"],
    ["actor", "text"],
    ["reason", "text"],
    ["debtor", "text"],
    ["at", "timestamptz"],
  ]),
  shifts: table("shifts", [
    ["shift_id", "uuid"],
    ["currency", "text"],
    ["attendant", "text"],
    ["opened_at", "timestamptz"],
    ["float_minor", "bigint"],
    ["closed_at", "timestamptz"],
    ["z_number", "bigint"],
    ["expected_minor", "bigint"],
    ["counted_minor", "bigint"],
  ]),
  receipts: table("receipts", [
    ["number", "bigint"],
    ["kind", "text"],
    ["payment_id", "uuid"],
    ["stay_id", "uuid"],
    ["amount_minor", "bigint"],
    ["currency", "text"],
    ["hash", "text"],
    ["previous_hash", "text"],
    ["key_id", "bigint"],
    ["signature", "text"],
    ["at", "timestamptz"],
  ]),
  vends: table("vends", [
    ["command_id", "uuid"],
    ["lane", "text"],
    ["actor", "text"],
    ["reason", "text"],
    ["at", "timestamptz"],
  ]),
  alarms: table("alarms", [
    ["alarm_id", "uuid"],
    ["lane", "text"],
    ["kind", "text"],
    ["detail", "text"],
    ["at", "timestamptz"],
    ["ended_at", "timestamptz"],
  ]),
} as const;

/** A row of a projection: more than the columns may be in it. */
export type Row = Readonly<Record<string, unknown>>;

/** Rows of a facility for COPY. */
export function copyOf({ columns, copy }: Table, facilityId: string, rows: readonly Row[]): Copy {
  let text = "";
  for (const row of rows) {
    text += facilityId;
    for (const [name] of columns) text += `\t${copyText(row[name])}`;
    text += "\n";
  }
  return { statement: copy, rows: text };
}
