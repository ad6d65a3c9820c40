import { and, eq, sql, sum } from "drizzle-orm";
import type { Now } from "@parkme/shared/domain/clock";
import { refusal, type Refusal } from "@parkme/shared/domain/errors";
import { asId, type IdMint, type PaymentId, type StayId } from "@parkme/shared/domain/ids";
import type { Currency } from "@parkme/shared/domain/money";
import { err, ok, type Result } from "@parkme/shared/domain/result";
import type { PaymentMethod } from "@parkme/shared/domain/stay";
import type { Quote } from "@parkme/shared/pricing/quote-model";
import { doingOf, type Ledger } from "./ledger.ts";
import { instantOf, MAX_REFERENCE, type LogWriter } from "./log.ts";
import {
  amountProblem,
  unknownStay,
  type Acts,
  type AmountRefusal,
  type By,
  type KeyRefusal,
  type StayRefusal,
} from "./money.ts";
import { ledger as entries, payments, receipts } from "./money-schema.ts";
import type { GateDatabase } from "./open.ts";
import type { ReceiptWriter } from "./receipts.ts";
import { stays } from "./schema.ts";
import type { ShiftBook } from "./shift-book.ts";
import { inserter } from "./statements.ts";

export type MoneyParts = {
  readonly currency: Currency;
  readonly mint: IdMint;
  readonly writeLog: LogWriter;
  readonly acts: Acts;
  readonly ledger: Ledger;
  readonly book: ShiftBook;
  readonly receiptWriter: ReceiptWriter;
};

/** A payment that an attendant, a pay station or the cloud takes. */
export type Payment = Omit<By, "reason"> & {
  readonly stayId: StayId;
  readonly method: PaymentMethod;
  /** What the stay is paid by it. */
  readonly amountMinor: number;
  /** What was handed over: with cash it may be more, and the rest is change. */
  readonly tenderedMinor: number;
  readonly idempotencyKey: string;
  /** A terminal's or a bank's own number of the payment. */
  readonly reference: string | null;
  /** What the stay costs now; null where money came without anybody asking for it. */
  readonly quote: Quote | null;
};

/** What was taken, or given back. */
export type Taken = {
  readonly paymentId: PaymentId;
  readonly changeMinor: number;
  /** Null where no receipts are issued. */
  readonly receiptNumber: number | null;
  readonly token: string | null;
};
/** `again` = it was done before under this key, and nothing was done now. */
export type Done<T extends object> = T & { readonly again: boolean };

export type TakeRefusal =
  AmountRefusal | KeyRefusal | StayRefusal | Refusal<"reference_used" | "amount_exceeds_debt">;
export type RefundRefusal =
  AmountRefusal | KeyRefusal | Refusal<"unknown_payment" | "amount_exceeds_payment">;

/** A payment as it is written: checked, and not written before. */
export type Taking = Omit<Payment, "tenderedMinor"> & {
  readonly paymentId: PaymentId;
  readonly changeMinor: number;
  /** Of a debt that is collected: whose. */
  readonly debtor?: string;
};

export type PaymentWriter = (taking: Taking, wallMs: number) => Taken;

/**
 * Writes a payment with everything that belongs to it: what is charged, the shift, the entries, the receipt and the
 * log; within a transaction of whoever takes it.
 */
export function createPaymentWriter(db: GateDatabase, parts: MoneyParts): PaymentWriter {
  const { ledger, book, receiptWriter, currency } = parts;
  const insert = inserter(db, payments);
  const paidBefore = paidQuery(db);
  const tell = paymentTeller(parts);
  return (taking, wallMs) => {
    const { paymentId, stayId, method, amountMinor, changeMinor, quote, actor } = taking;
    const { place, reference, idempotencyKey, debtor } = taking;
    const tenderedMinor = amountMinor + changeMinor;
    const shiftId = book.forMoney(actor, method, wallMs);
    const doing = doingOf(taking, shiftId, wallMs);
    const paidBeforeMinor = paidBefore(stayId);
    if (quote !== null) ledger.bookQuote(stayId, quote, doing);
    const reserved = receiptWriter.next();
    const row = { id: paymentId, stayId, lane: place, method, amountMinor, changeMinor, tenderedMinor };
    insert({ ...row, currency, actor, at: wallMs, idempotencyKey, shiftId, reference });
    tell(taking, { shiftId, receiptNumber: reserved?.number ?? null, wallMs });
    const part = { side: "credited", method, paymentId } as const;
    if (tenderedMinor > 0)
      ledger.add(stayId, { ...part, kind: "payment", amountMinor: -tenderedMinor }, doing);
    if (changeMinor > 0) ledger.add(stayId, { ...part, kind: "change", amountMinor: changeMinor }, doing);
    if (debtor !== undefined) {
      const collected = { kind: "correction", side: "credited", amountMinor, debtor } as const;
      ledger.add(stayId, collected, { ...doing, reason: "debt collected" });
    }
    ledger.settle(stayId, quote !== null, wallMs);
    const said = { place, actor, method, amountMinor, tenderedMinor, changeMinor, reference };
    const issue = { ...said, kind: "payment", paidBeforeMinor, creditsNumber: null } as const;
    receiptWriter.issue(reserved, { ...issue, stayId, paymentId, shiftId, quote }, wallMs);
    return {
      paymentId,
      changeMinor,
      receiptNumber: reserved?.number ?? null,
      token: reserved?.token ?? null,
    };
  };
}

/** What a stay has paid so far, less what it got back. */
function paidQuery(db: GateDatabase): (stayId: StayId) => number {
  const query = db
    .select({ minor: sum(entries.amountMinor) })
    .from(entries)
    .where(
      and(
        eq(entries.stayId, sql.placeholder("stayId")),
        sql`${entries.kind} in ('payment', 'change', 'refund')`,
      ),
    )
    .prepare();
  return (stayId) => 0 - Number(query.get({ stayId })?.minor ?? 0);
}

function paymentTeller({ currency, writeLog }: MoneyParts) {
  return (
    { paymentId, stayId, place, method, amountMinor, changeMinor, actor, reference }: Taking,
    more: { readonly shiftId: string | null; readonly receiptNumber: number | null; readonly wallMs: number },
  ): void => {
    const payload = {
      payment_id: paymentId,
      stay_id: stayId,
      lane: place,
      method,
      amount_minor: amountMinor,
      currency,
      actor,
      at: instantOf(more.wallMs),
      change_minor: changeMinor,
      reference: reference?.slice(0, MAX_REFERENCE) ?? null,
      shift_id: more.shiftId,
      receipt_number: more.receiptNumber,
    };
    writeLog({ kind: "payment.taken", payload }, more.wallMs);
  };
}

/** Money that is taken from drivers, and given back to them. */
export function paymentTaking(db: GateDatabase, parts: MoneyParts, write: PaymentWriter) {
  const { acts, mint } = parts;
  const knowsStay = stayExists(db);
  const refused = (payment: Payment): TakeRefusal | null => {
    const { amountMinor, tenderedMinor, method, reference } = payment;
    const amount = amountProblem(amountMinor, tenderedMinor);
    if (amount !== null) return amount;
    if (tenderedMinor < amountMinor || (method !== "cash" && tenderedMinor !== amountMinor))
      return refusal("amount_invalid", "operator", "What was handed over does not fit the amount.");
    if (!knowsStay(payment.stayId)) return unknownStay();
    return referenceUsed(db, method, reference);
  };
  const take = (payment: Payment, wallMs: number, debtor?: string): Taken => {
    const { tenderedMinor, ...rest } = payment;
    const changeMinor = tenderedMinor - payment.amountMinor;
    const paymentId = mint.next<PaymentId>(wallMs);
    return write({ ...rest, paymentId, changeMinor, ...(debtor === undefined ? {} : { debtor }) }, wallMs);
  };
  return {
    /**
     * Takes a payment: what the stay costs by the quote is charged first, as far as it was not before. Whether the
     * amount is what is due is the caller's to know: money that is too much is taken, and shows.
     */
    takePayment: (payment: Payment, { wallMs }: Now): Result<Done<Taken>, TakeRefusal> => {
      const { idempotencyKey, stayId } = payment;
      return acts.once({ idempotencyKey, act: "payment", stayId }, wallMs, () => {
        const problem = refused(payment);
        return problem === null ? ok(take(payment, wallMs)) : err(problem);
      });
    },
    /** Takes what was owed by a debtor; the balance of the stay, which was let go, does not change. */
    collectDebt: (payment: Omit<Payment, "quote">, { wallMs }: Now): Result<Done<Taken>, TakeRefusal> => {
      const { idempotencyKey, stayId } = payment;
      return acts.once({ idempotencyKey, act: "debt_collected", stayId }, wallMs, () => {
        const whole = { ...payment, quote: null };
        const problem = refused(whole);
        if (problem !== null) return err(problem);
        const { debtor, minor } = debtOf(db, stayId);
        if (payment.amountMinor > minor)
          return err(refusal("amount_exceeds_debt", "operator", "So much is not owed."));
        return ok(take(whole, wallMs, debtor));
      });
    },
    /** What debtors owe for a stay: booked as debts less what was collected. */
    debtMinor: (stayId: StayId): number => debtOf(db, stayId).minor,
    refund: refunding(db, parts),
  };
}

function stayExists(db: GateDatabase): (stayId: StayId) => boolean {
  const query = db
    .select({ id: stays.id })
    .from(stays)
    .where(eq(stays.id, sql.placeholder("id")))
    .prepare();
  return (id) => query.get({ id }) !== undefined;
}

/** A bank tells of a payment twice, and an attendant types it in as well: it is one payment. */
function referenceUsed(
  db: GateDatabase,
  method: PaymentMethod,
  reference: string | null,
): Refusal<"reference_used"> | null {
  if (reference === null || (method !== "upi" && method !== "online")) return null;
  // The condition of the index of these, word for word.
  const same = sql`${payments.reference} = ${reference} and ${payments.method} = ${method} and ${payments.reference} is not null and ${payments.method} in ('upi', 'online')`;
  const row = db.select({ id: payments.id }).from(payments).where(same).get();
  if (row === undefined) return null;
  return refusal("reference_used", "operator", "A payment with this number was taken before.");
}

function debtOf(db: GateDatabase, stayId: StayId): { readonly debtor: string; readonly minor: number } {
  const rows = db
    .select({ debtor: entries.debtor, minor: entries.amountMinor })
    .from(entries)
    .where(and(eq(entries.stayId, stayId), sql`${entries.debtor} is not null`))
    .orderBy(entries.seq)
    .all();
  const minor = rows.reduce((owed, row) => owed - row.minor, 0);
  return { debtor: rows.at(-1)?.debtor ?? "", minor };
}

/** Money that is given back. */
export type Refund = By & {
  readonly paymentId: PaymentId;
  readonly amountMinor: number;
  readonly idempotencyKey: string;
};

/**
 * Gives back some or all of a payment, the way it was paid; with a credit note. Cash leaves the drawer of whoever gives
 * it back. A stay that owes something by it is settled no more.
 */
function refunding(db: GateDatabase, parts: MoneyParts) {
  const { acts, ledger, book, receiptWriter } = parts;
  const paidBefore = paidQuery(db);
  return (refund: Refund, { wallMs }: Now): Result<Done<Taken>, RefundRefusal> => {
    const { paymentId, amountMinor, idempotencyKey, place, actor } = refund;
    const payment = db.select().from(payments).where(eq(payments.id, paymentId)).get();
    if (payment === undefined)
      return err(refusal("unknown_payment", "operator", "There is no such payment."));
    const stayId = asId<StayId>(payment.stayId);
    const act = `refund of ${paymentId}`;
    return acts.once({ idempotencyKey, act, stayId }, wallMs, (): Result<Taken, RefundRefusal> => {
      const amount = amountProblem(amountMinor);
      if (amount !== null) return err(amount);
      if (amountMinor > payment.amountMinor - refundedOf(db, paymentId))
        return err(refusal("amount_exceeds_payment", "operator", "So much was not paid by it."));
      const { method } = payment;
      const shiftId = book.forMoney(actor, method, wallMs);
      const paidBeforeMinor = paidBefore(stayId);
      const reserved = receiptWriter.next();
      const entry = { kind: "refund", side: "credited", amountMinor, method, paymentId } as const;
      ledger.add(stayId, entry, doingOf(refund, shiftId, wallMs));
      ledger.settle(stayId, false, wallMs);
      const said = { place, actor, method, amountMinor, tenderedMinor: amountMinor, changeMinor: 0 };
      const creditsNumber = receiptNumberOf(db, paymentId);
      const issue = { ...said, kind: "refund", reference: payment.reference, paidBeforeMinor } as const;
      receiptWriter.issue(
        reserved,
        { ...issue, creditsNumber, stayId, paymentId, shiftId, quote: null },
        wallMs,
      );
      return ok({
        paymentId,
        changeMinor: 0,
        receiptNumber: reserved?.number ?? null,
        token: reserved?.token ?? null,
      });
    });
  };
}

/** What was given back of a payment. */
export function refundedOf(db: GateDatabase, paymentId: string): number {
  const row = db
    .select({ minor: sum(entries.amountMinor) })
    .from(entries)
    .where(sql`${entries.paymentId} = ${paymentId} and ${entries.kind} = 'refund'`)
    .get();
  return Number(row?.minor ?? 0);
}

function receiptNumberOf(db: GateDatabase, paymentId: string): number | null {
  const row = db
    .select({ number: receipts.number })
    .from(receipts)
    .where(and(eq(receipts.paymentId, paymentId), eq(receipts.kind, "payment")))
    .get();
  return row?.number ?? null;
}
