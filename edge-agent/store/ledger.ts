import { eq, sql, sum } from "drizzle-orm";
import type { IdMint, LedgerId, PaymentId, ShiftId, StayId } from "@parkme/shared/domain/ids";
import type { LedgerKind } from "@parkme/shared/domain/ledger";
import type { Currency } from "@parkme/shared/domain/money";
import type { PaymentMethod } from "@parkme/shared/domain/stay";
import type { Quote } from "@parkme/shared/pricing/quote-model";
import { detailOf, instantOf, type LogWriter } from "./log.ts";
import type { Doing } from "./money.ts";
import { ledger } from "./money-schema.ts";
import type { GateDatabase } from "./open.ts";
import { stays } from "./schema.ts";
import { inserter } from "./statements.ts";

/** What a stay was charged, what validations took off, and what was paid or taken off otherwise; each positive. */
export type Sums = {
  readonly chargedMinor: number;
  readonly validatedMinor: number;
  readonly creditedMinor: number;
};

/** An entry as it is added. The amount is what it adds to what the stay owes. */
type Entry = {
  readonly kind: LedgerKind;
  readonly side: (typeof ledger.$inferInsert)["side"];
  readonly amountMinor: number;
  readonly method?: PaymentMethod;
  readonly paymentId?: PaymentId;
  readonly debtor?: string;
};

export type LedgerOptions = {
  readonly currency: Currency;
  readonly mint: IdMint;
  readonly writeLog: LogWriter;
};

export type Ledger = ReturnType<typeof createLedger>;

/** Writes entries, each with its row of the log; within the transaction of what they belong to. */
export function createLedger(db: GateDatabase, options: LedgerOptions) {
  const sumsOf = sumQuery(db);
  const add = entryWriter(db, options);
  const settle = settler(db);
  /**
   * Books what a stay is charged and what its validations take off, up to a quote: what was booked before is not booked
   * again. Where the price has fallen since, a correction says so.
   *
   * @returns whether there was anything to book.
   */
  const bookQuote = (stayId: StayId, quote: Quote, doing: Doing): boolean => {
    const { chargedMinor, validatedMinor } = sumsOf(stayId);
    const charge = grossOf(quote, options.currency) - chargedMinor;
    const validation = quote.validated.amountMinor - validatedMinor;
    const by = { ...doing, reason: quote.appliedRule };
    const corrected = { ...doing, reason: `the price fell: ${quote.appliedRule}` };
    if (charge > 0) add(stayId, { kind: "charge", side: "charged", amountMinor: charge }, by);
    if (charge < 0) add(stayId, { kind: "correction", side: "charged", amountMinor: charge }, corrected);
    if (validation > 0) add(stayId, { kind: "validation", side: "validated", amountMinor: -validation }, by);
    if (validation < 0)
      add(stayId, { kind: "correction", side: "validated", amountMinor: -validation }, corrected);
    return charge !== 0 || validation !== 0;
  };
  return {
    sumsOf,
    add,
    bookQuote,
    settle,
    /** What a stay would owe when it is charged as quoted; without a quote, what it owes as booked. */
    owed: (stayId: StayId, quote: Quote | null): number => {
      const { chargedMinor, validatedMinor, creditedMinor } = sumsOf(stayId);
      if (quote === null) return chargedMinor - validatedMinor - creditedMinor;
      return grossOf(quote, options.currency) - quote.validated.amountMinor - creditedMinor;
    },
  };
}

/** What is charged before validations. */
function grossOf({ total, validated }: Quote, currency: Currency): number {
  if (total.currency !== currency || validated.currency !== currency)
    throw new TypeError(`a quote in ${total.currency}, where money is ${currency}`);
  const gross = total.amountMinor + validated.amountMinor;
  if (!Number.isSafeInteger(gross) || total.amountMinor < 0 || validated.amountMinor < 0)
    throw new RangeError(`not a price: ${total.amountMinor} after ${validated.amountMinor}`);
  return gross;
}

function sumQuery(db: GateDatabase): (stayId: StayId) => Sums {
  const bySide = db
    .select({ side: ledger.side, minor: sum(ledger.amountMinor) })
    .from(ledger)
    .where(eq(ledger.stayId, sql.placeholder("stayId")))
    .groupBy(ledger.side)
    .prepare();
  return (stayId) => {
    const sums = { charged: 0, validated: 0, credited: 0 };
    for (const { side, minor } of bySide.all({ stayId })) sums[side] = Number(minor ?? 0);
    return {
      chargedMinor: sums.charged,
      validatedMinor: 0 - sums.validated,
      creditedMinor: 0 - sums.credited,
    };
  };
}

function entryWriter(db: GateDatabase, { currency, mint, writeLog }: LedgerOptions) {
  const insert = inserter(db, ledger);
  return (stayId: StayId, entry: Entry, doing: Doing): void => {
    const { kind, side, amountMinor, method = null, paymentId = null, debtor = null } = entry;
    const { place, actor, shiftId, wallMs: at } = doing;
    const reason = detailOf(doing.reason);
    const id = mint.next<LedgerId>(at);
    const row = { id, stayId, kind, side, amountMinor, currency, method, paymentId, shiftId, debtor };
    insert({ ...row, place, actor, reason, at });
    const payload = {
      entry_id: id,
      stay_id: stayId,
      kind,
      side,
      amount_minor: amountMinor,
      currency,
      method,
      payment_id: paymentId,
      shift_id: shiftId,
      place,
      actor,
      reason,
      debtor,
      at: instantOf(at),
    };
    writeLog({ kind: "ledger.entry", payload }, at);
  };
}

/**
 * Says after an act whether the stay is settled. Only where what it costs was asked can it be: money that came of
 * itself, such as by a bank, may be too little.
 */
function settler(db: GateDatabase): (stayId: StayId, priced: boolean, wallMs: number) => void {
  const balance = db
    .select({ minor: stays.balanceMinor })
    .from(stays)
    .where(eq(stays.id, sql.placeholder("id")))
    .prepare();
  const set = db
    .update(stays)
    .set({ settledAt: sql`${sql.placeholder("at")}` })
    .where(eq(stays.id, sql.placeholder("id")))
    .prepare();
  return (id, priced, wallMs) => {
    if ((balance.get({ id })?.minor ?? 0) > 0) set.run({ id, at: null });
    else if (priced) set.run({ id, at: wallMs });
  };
}

/** A shift is named in entries by its id alone. */
export function doingOf(
  by: { readonly place: string; readonly actor: string; readonly reason?: string },
  shiftId: ShiftId | null,
  wallMs: number,
): Doing {
  return { place: by.place, actor: by.actor, reason: by.reason ?? "", shiftId, wallMs };
}
