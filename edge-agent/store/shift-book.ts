import { and, eq, isNull, sql } from "drizzle-orm";
import { asId, type IdMint, type ShiftId } from "@parkme/shared/domain/ids";
import type { Currency } from "@parkme/shared/domain/money";
import type { PaymentMethod } from "@parkme/shared/domain/stay";
import { instantOf, type LogWriter } from "./log.ts";
import { shifts } from "./money-schema.ts";
import type { GateDatabase } from "./open.ts";
import { inserter } from "./statements.ts";

export type ShiftBook = ReturnType<typeof createShiftBook>;

export type ShiftBookOptions = {
  readonly currency: Currency;
  readonly mint: IdMint;
  readonly writeLog: LogWriter;
};

/** Which shift an act belongs to: the one that its attendant has open. Nothing is ever added to a closed one. */
export function createShiftBook(db: GateDatabase, { currency, mint, writeLog }: ShiftBookOptions) {
  const insert = inserter(db, shifts);
  const openShift = db
    .select({ id: shifts.id })
    .from(shifts)
    .where(and(eq(shifts.attendant, sql.placeholder("attendant")), isNull(shifts.closedAt)))
    .prepare();
  const openOf = (attendant: string): ShiftId | null => {
    const row = openShift.get({ attendant });
    return row === undefined ? null : asId<ShiftId>(row.id);
  };
  const begin = (
    shift: {
      readonly attendant: string;
      readonly floatMinor: number;
      readonly openedByPayment: boolean;
    },
    wallMs: number,
  ): ShiftId => {
    const id = mint.next<ShiftId>(wallMs);
    insert({ ...shift, id, openedAt: wallMs });
    const payload = {
      shift_id: id,
      attendant: shift.attendant,
      float_minor: shift.floatMinor,
      currency,
      opened_by_payment: shift.openedByPayment,
      at: instantOf(wallMs),
    };
    writeLog({ kind: "shift.opened", payload }, wallMs);
    return id;
  };
  return {
    openOf,
    begin,
    /** Cash without an open shift opens one: money in a drawer is always somebody's. */
    forMoney: (attendant: string, method: PaymentMethod, wallMs: number): ShiftId | null => {
      if (method === "online") return null;
      const open = openOf(attendant);
      if (open !== null || method !== "cash") return open;
      return begin({ attendant, floatMinor: 0, openedByPayment: true }, wallMs);
    },
  };
}
