import { eq } from "drizzle-orm";
import type { Now } from "@parkme/shared/domain/clock";
import { refusal, type Refusal } from "@parkme/shared/domain/errors";
import type { StayId } from "@parkme/shared/domain/ids";
import { err, ok, type Result } from "@parkme/shared/domain/result";
import type { Quote } from "@parkme/shared/pricing/quote-model";
import { doingOf } from "./ledger.ts";
import {
  amountProblem,
  unknownStay,
  type AmountRefusal,
  type By,
  type KeyRefusal,
  type StayRefusal,
} from "./money.ts";
import type { GateDatabase } from "./open.ts";
import type { Done, MoneyParts } from "./payments.ts";
import { stays } from "./schema.ts";

/** What a stay owes, that is not paid: let go, owed by somebody, or put right. */
type Settlement = By & {
  readonly stayId: StayId;
  readonly amountMinor: number;
  readonly idempotencyKey: string;
};
export type WriteOff = Settlement & {
  /** What the stay costs now, charged first; null = what it owes by the ledger. */
  readonly quote: Quote | null;
};
export type Debt = WriteOff & { readonly debtor: string };

export type Balance = { readonly balanceMinor: number };
export type SettleRefusal = AmountRefusal | KeyRefusal | StayRefusal | Refusal<"amount_exceeds_balance">;
export type FreeRefusal = StayRefusal | Refusal<"amount_due">;

/** Ways to settle a stay without money. */
export function settling(db: GateDatabase, parts: MoneyParts) {
  const takeOff = takingOff(db, parts);
  return {
    /** Lets go of what a stay owes, or of a part of it, for a reason. */
    writeOff: (writeOff: WriteOff, { wallMs }: Now): Result<Done<Balance>, SettleRefusal> =>
      takeOff("write_off", writeOff, wallMs),
    /** What a stay owes is owed by somebody from now on, and the stay owes it no more. */
    bookDebt: (debt: Debt, { wallMs }: Now): Result<Done<Balance>, SettleRefusal> =>
      takeOff("debt", debt, wallMs),
    correct: correcting(db, parts),
    settleFree: settlingFree(db, parts),
  };
}

function rowOf(db: GateDatabase, stayId: StayId) {
  return db.select().from(stays).where(eq(stays.id, stayId)).get();
}

function balanceOf(db: GateDatabase, stayId: StayId): Balance {
  return { balanceMinor: rowOf(db, stayId)?.balanceMinor ?? 0 };
}

/** Takes so much off what a stay owes, and no more than that. */
function takingOff(db: GateDatabase, { acts, ledger, book }: MoneyParts) {
  return (
    kind: "write_off" | "debt",
    settlement: WriteOff & { readonly debtor?: string },
    wallMs: number,
  ): Result<Done<Balance>, SettleRefusal> => {
    const { stayId, amountMinor, quote, idempotencyKey, debtor } = settlement;
    return acts.once({ idempotencyKey, act: kind, stayId }, wallMs, (): Result<Balance, SettleRefusal> => {
      const problem = amountProblem(amountMinor);
      if (problem !== null) return err(problem);
      if (rowOf(db, stayId) === undefined) return err(unknownStay());
      if (amountMinor > ledger.owed(stayId, quote))
        return err(refusal("amount_exceeds_balance", "operator", "So much is not owed."));
      const doing = doingOf(settlement, book.openOf(settlement.actor), wallMs);
      if (quote !== null) ledger.bookQuote(stayId, quote, doing);
      const entry = { kind, side: "credited", amountMinor: -amountMinor } as const;
      ledger.add(stayId, debtor === undefined ? entry : { ...entry, debtor }, doing);
      ledger.settle(stayId, quote !== null, wallMs);
      return ok(balanceOf(db, stayId));
    });
  };
}

function correcting(db: GateDatabase, { acts, ledger, book }: MoneyParts) {
  /** Puts a balance right: more than nothing adds to what the stay owes, less takes off. */
  return (
    correction: Settlement,
    { wallMs }: Now,
  ): Result<Done<Balance>, AmountRefusal | KeyRefusal | StayRefusal> => {
    const { stayId, amountMinor, idempotencyKey, actor } = correction;
    return acts.once(
      { idempotencyKey, act: "correction", stayId },
      wallMs,
      (): Result<Balance, AmountRefusal | StayRefusal> => {
        const problem = amountProblem(Math.abs(amountMinor));
        if (problem !== null) return err(problem);
        if (rowOf(db, stayId) === undefined) return err(unknownStay());
        const doing = doingOf(correction, book.openOf(actor), wallMs);
        ledger.add(stayId, { kind: "correction", side: "credited", amountMinor }, doing);
        ledger.settle(stayId, false, wallMs);
        return ok(balanceOf(db, stayId));
      },
    );
  };
}

/** A stay of which nothing is due, by the quote. */
export type Free = Omit<By, "reason"> & { readonly stayId: StayId; readonly quote: Quote };

function settlingFree(db: GateDatabase, { ledger, book }: MoneyParts) {
  const settle = (free: Free, wallMs: number): Result<Done<Balance>, FreeRefusal> => {
    const { stayId, quote } = free;
    const row = rowOf(db, stayId);
    if (row === undefined) return err(unknownStay());
    if (ledger.owed(stayId, quote) > 0) return err(refusal("amount_due", "operator", "Something is due."));
    const doing = doingOf(free, book.openOf(free.actor), wallMs);
    const booked = ledger.bookQuote(stayId, quote, doing);
    if (!booked && row.settledAt !== null) return ok({ ...balanceOf(db, stayId), again: true });
    const reason = `nothing is due: ${quote.appliedRule}`;
    const nothing = { kind: "charge", side: "charged", amountMinor: 0 } as const;
    if (!booked) ledger.add(stayId, nothing, { ...doing, reason });
    ledger.settle(stayId, true, wallMs);
    return ok({ ...balanceOf(db, stayId), again: false });
  };
  /**
   * Nothing is due, by the quote: what validations take off is booked, and the stay is settled from now on. One that
   * is settled already stays so from then, and the time to leave is not longer for asking again.
   */
  return (free: Free, { wallMs }: Now): Result<Done<Balance>, FreeRefusal> =>
    db.transaction(() => settle(free, wallMs), { behavior: "immediate" });
}
