import Database from "better-sqlite3";
import type { BookSubject } from "./books.ts";
import type { PlainRow } from "./plain-rows.ts";

/**
 * What the gate's file has in the end, read by nothing but SQL: times are Unix milliseconds of the gate's clock, amounts
 * minor units.
 */
export type EdgeRows = {
  /** By subject, with the fields of {@link BOOK_FIELDS}. */
  readonly books: Readonly<Record<BookSubject, readonly PlainRow[]>>;
  /** Vehicles inside, as it counts them. */
  readonly inside: number;
  readonly zoneCounts: readonly { readonly zone: string; readonly inside: number }[];
  readonly stays: readonly EdgeStay[];
  readonly tickets: readonly EdgeTicket[];
  readonly movements: readonly EdgeMovement[];
  readonly corrections: readonly EdgeCorrection[];
  readonly payments: readonly EdgePayment[];
  readonly attempts: readonly EdgeAttempt[];
  readonly ledger: readonly EdgeEntry[];
  readonly receipts: readonly EdgeReceipt[];
  readonly shifts: readonly EdgeShift[];
  readonly drawerMoves: readonly EdgeDrawerMove[];
  readonly validations: readonly EdgeValidation[];
  readonly amendments: readonly EdgeAmendment[];
  readonly tariffs: readonly EdgeTariff[];
  readonly commands: readonly EdgeCommand[];
  readonly vends: readonly { readonly commandId: string; readonly lane: string; readonly atMs: number }[];
  readonly rightsGiven: readonly EdgeRight[];
  readonly transfers: readonly EdgeTransfer[];
  /** Lines of the cloud that a restore could not put in their place. */
  readonly conflicts: readonly {
    readonly tableName: string;
    /** Its columns as JSON. */
    readonly row: string;
    readonly reason: string;
  }[];
  /** The first line of the log that is kept, the last one, and how far the cloud has committed it. */
  readonly log: { readonly first: number; readonly last: number; readonly uploaded: number };
};

export type EdgeStay = {
  readonly id: string;
  readonly status: "provisional" | "open" | "closed" | "void";
  readonly entryLane: string;
  readonly plate: string | null;
  readonly entryAtMs: number;
  readonly exitAtMs: number | null;
  readonly feeMinor: number | null;
  readonly review: string | null;
  readonly rightKind: "permit" | "reservation" | null;
  readonly rightId: string | null;
  readonly rightFromMs: number | null;
  readonly rightUntilMs: number | null;
  readonly rightPass: string | null;
  readonly vehicleType: string;
  readonly ev: number;
  readonly accessible: number;
  readonly tariffId: string | null;
  readonly tariffVersion: number | null;
  readonly occupancyPercent: number | null;
  readonly lostTicket: "no" | "proven" | "unproven";
  readonly balanceMinor: number;
  readonly settledAtMs: number | null;
};
export type EdgeTicket = {
  readonly number: string;
  readonly stayId: string;
  readonly voidedAtMs: number | null;
  readonly replacedBy: string | null;
};
export type EdgeMovement = {
  readonly id: string;
  readonly lane: string;
  readonly direction: "in" | "out";
  readonly kind: string;
  readonly stayId: string | null;
  readonly plate: string | null;
  readonly atMs: number;
  readonly review: string | null;
  readonly feeMinor: number | null;
  readonly scope: "facility" | "zone";
  /** JSON of the ZoneChanges. */
  readonly zones: string;
};
export type EdgeCorrection = {
  readonly zone: string | null;
  readonly before: number;
  readonly after: number;
  readonly cause: string;
  readonly atMs: number;
};
export type EdgePayment = {
  readonly id: string;
  readonly stayId: string;
  readonly lane: string;
  readonly method: string;
  readonly amountMinor: number;
  readonly changeMinor: number;
  readonly tenderedMinor: number;
  readonly actor: string;
  readonly atMs: number;
  readonly key: string;
  readonly shiftId: string | null;
  readonly reference: string | null;
};
export type EdgeAttempt = {
  readonly id: string;
  readonly stayId: string;
  readonly lane: string;
  readonly amountMinor: number;
  readonly status: string;
  readonly receipt: string | null;
};
export type EdgeEntry = {
  readonly seq: number;
  readonly stayId: string;
  readonly kind: string;
  readonly side: "charged" | "validated" | "credited";
  readonly amountMinor: number;
  readonly method: string | null;
  readonly paymentId: string | null;
  readonly shiftId: string | null;
  readonly actor: string;
  readonly debtor: string | null;
  readonly atMs: number;
};
export type EdgeReceipt = {
  readonly number: number;
  readonly kind: "payment" | "refund";
  readonly paymentId: string;
  readonly stayId: string;
  readonly text: string;
  readonly hash: string;
};
export type EdgeShift = {
  readonly id: string;
  readonly attendant: string;
  readonly floatMinor: number;
  readonly closedAtMs: number | null;
  readonly countedMinor: number | null;
  readonly expectedMinor: number | null;
  readonly zNumber: number | null;
};
export type EdgeDrawerMove = {
  readonly shiftId: string;
  readonly kind: "drop" | "top_up";
  readonly amountMinor: number;
};
export type EdgeValidation = {
  readonly stayId: string;
  readonly name: string;
  /** JSON of the ValidationValue. */
  readonly value: string;
  readonly atMs: number;
};
export type EdgeAmendment = {
  readonly stayId: string;
  readonly what: string;
  readonly after: string;
  readonly atMs: number;
};
export type EdgeTariff = {
  readonly tariffId: string;
  readonly version: number;
  readonly fromMs: number;
  readonly takenAtMs: number;
  /** JSON. */
  readonly document: string;
};
export type EdgeCommand = {
  readonly id: string;
  readonly lane: string;
  readonly action: string;
  readonly epoch: number;
};
export type EdgeRight = { readonly class: string; readonly slotMs: number; readonly given: number };
export type EdgeTransfer = {
  readonly id: string;
  readonly direction: "to_cloud" | "from_cloud";
  readonly class: string;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly amount: number;
  readonly atMs: number;
};

const BOOKS: Readonly<Record<BookSubject, string>> = {
  stays: `select id as stay_id, entry_at, status, entry_lane,
    (select number from tickets where stay_id = stays.id and replaced_by is null order by number limit 1)
      as ticket_number, plate, exit_at, fee_minor, review, right_kind, right_id, vehicle_type, ev, accessible,
    lost_ticket from stays order by entry_at, id`,
  movements: `select id as movement_id, at, lane, direction, scope, kind, stay_id, plate, review, fee_minor
    from movements order by at, id`,
  payments: `select id as payment_id, at, stay_id, lane, method, amount_minor, change_minor, currency, actor,
    reference, shift_id,
    (select number from receipts where payment_id = payments.id and kind = 'payment' order by number limit 1)
      as receipt_number from payments order by at, id`,
  ledger: `select id as entry_id, at, stay_id, kind, side, amount_minor, currency, method, payment_id, shift_id, place,
    actor, reason, debtor from ledger order by seq`,
  receipts: `select number, at, kind, payment_id, stay_id, json_extract(text, '$.amountMinor') as amount_minor, hash,
    json_extract(text, '$.previousHash') as previous_hash from receipts order by number`,
  shifts: `select id as shift_id, closed_at, attendant, opened_at, float_minor, z_number, expected_minor,
    counted_minor from shifts order by opened_at, id`,
  validations: `select id as validation_id, at, stay_id, merchant, name, value, serial, actor
    from validations order by at, id`,
};

const STAYS = `select id, status, entry_lane as entryLane, plate, entry_at as entryAtMs, exit_at as exitAtMs,
  fee_minor as feeMinor, review, right_kind as rightKind, right_id as rightId, right_from as rightFromMs,
  right_until as rightUntilMs, right_pass as rightPass, vehicle_type as vehicleType, ev, accessible,
  tariff_id as tariffId, tariff_version as tariffVersion, occupancy_percent as occupancyPercent,
  lost_ticket as lostTicket, balance_minor as balanceMinor, settled_at as settledAtMs
  from stays order by entry_at, id`;
const MOVEMENTS = `select id, lane, direction, kind, stay_id as stayId, plate, at as atMs, review,
  fee_minor as feeMinor, scope, zones from movements order by rowid`;
const PAYMENTS = `select id, stay_id as stayId, lane, method, amount_minor as amountMinor, change_minor as changeMinor,
  tendered_minor as tenderedMinor, actor, at as atMs, idempotency_key as key, shift_id as shiftId, reference
  from payments order by at, id`;
const LEDGER = `select seq, stay_id as stayId, kind, side, amount_minor as amountMinor, method,
  payment_id as paymentId, shift_id as shiftId, actor, debtor, at as atMs from ledger order by seq`;
const SHIFTS = `select id, attendant, float_minor as floatMinor, closed_at as closedAtMs, counted_minor as countedMinor,
  expected_minor as expectedMinor, z_number as zNumber from shifts order by opened_at, id`;
const LOG = `select coalesce(min(seq), 0) as first, coalesce(max(seq), 0) as last,
  (select upload_cursor from agent_state) as uploaded from log`;

/**
 * @param source the open file, or its path; one that is opened here is closed again.
 * @throws where it is not a gate's file.
 */
export function readEdgeRows(source: string | Database.Database): EdgeRows {
  if (typeof source !== "string") return rowsOf(source);
  const file = new Database(source, { readonly: true });
  try {
    return rowsOf(file);
  } finally {
    file.close();
  }
}

function rowsOf(file: Database.Database): EdgeRows {
  const all = <Row>(text: string): Row[] => file.prepare<[], Row>(text).all();
  const book = (subject: BookSubject): readonly PlainRow[] => all<PlainRow>(BOOKS[subject]);
  return {
    books: {
      stays: book("stays").map(withBooleans),
      movements: book("movements"),
      payments: book("payments"),
      ledger: book("ledger"),
      receipts: book("receipts"),
      shifts: book("shifts"),
      validations: book("validations"),
    },
    inside: file.prepare<[], number>("select inside from agent_state").pluck().get() ?? 0,
    zoneCounts: all("select zone, inside from zone_counts order by zone"),
    stays: all(STAYS),
    tickets: all(`select number, stay_id as stayId, voided_at as voidedAtMs, replaced_by as replacedBy
      from tickets order by number`),
    movements: all(MOVEMENTS),
    corrections: all("select zone, before, after, cause, at as atMs from count_corrections order by id"),
    payments: all(PAYMENTS),
    attempts: all(`select id, stay_id as stayId, lane, amount_minor as amountMinor, status, receipt
      from payment_attempts order by begun_at, id`),
    ledger: all(LEDGER),
    receipts: all(`select number, kind, payment_id as paymentId, stay_id as stayId, text, hash
      from receipts order by number`),
    shifts: all(SHIFTS),
    drawerMoves: all(
      "select shift_id as shiftId, kind, amount_minor as amountMinor from drawer_moves order by id",
    ),
    validations: all("select stay_id as stayId, name, value, at as atMs from validations order by rowid"),
    amendments: all("select stay_id as stayId, what, after, at as atMs from stay_amendments order by id"),
    tariffs:
      all(`select tariff_id as tariffId, version, from_at as fromMs, taken_at as takenAtMs, document from tariffs
      order by from_at, id`),
    commands: all("select id, lane, action, epoch from commands"),
    vends: all("select command_id as commandId, lane, at as atMs from vends order by at, command_id"),
    rightsGiven: all("select class, slot_at as slotMs, given from capacity_rights order by class, slot_at"),
    transfers: all(`select id, direction, class, from_at as fromMs, until_at as untilMs, amount,
      at as atMs
      from rights_transfers order by at, id`),
    conflicts: all("select table_name as tableName, row, reason from restore_conflicts order by id"),
    log: file.prepare<[], EdgeRows["log"]>(LOG).get() ?? { first: 0, last: 0, uploaded: 0 },
  };
}

function withBooleans(stay: PlainRow): PlainRow {
  return { ...stay, ev: stay["ev"] === 1, accessible: stay["accessible"] === 1 };
}
