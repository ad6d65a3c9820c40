import { createHash } from "node:crypto";
import { and, asc, desc, eq, gt, sql, type SQL } from "drizzle-orm";
import type { PaymentId, ShiftId, StayId } from "@parkme/shared/domain/ids";
import type { Currency } from "@parkme/shared/domain/money";
import {
  canonicalText,
  type Receipt,
  type ReceiptIssuer,
  type SignedReceipt,
} from "@parkme/shared/domain/receipt";
import type { Quote } from "@parkme/shared/pricing/quote-model";
import { instantOf, type LogWriter } from "./log.ts";
import { receipts, tariffs } from "./money-schema.ts";
import { lastReceiptQuery } from "./numbers.ts";
import type { GateDatabase } from "./open.ts";
import { stays, tickets } from "./schema.ts";
import { CURRENT_TICKET, inserter } from "./statements.ts";

/** What receipts are issued with. */
export type ReceiptOptions = {
  readonly facility: Receipt["facility"];
  readonly issuer: ReceiptIssuer;
  readonly sign: (text: string) => { readonly keyId: number; readonly signature: string };
  /** A text that nobody guesses, of its own for every receipt. */
  readonly token: () => string;
};

/** The number and the token of the next receipt. */
export type Reserved = { readonly number: number; readonly token: string };

/** What a receipt says of its own; the rest is known of the stay. */
export type Issue = Pick<
  Receipt,
  | "kind"
  | "place"
  | "actor"
  | "method"
  | "amountMinor"
  | "tenderedMinor"
  | "changeMinor"
  | "reference"
  | "paidBeforeMinor"
  | "creditsNumber"
> & {
  readonly stayId: StayId;
  readonly paymentId: PaymentId;
  readonly shiftId: ShiftId | null;
  readonly quote: Quote | null;
};

export type ReceiptWriter = ReturnType<typeof createReceiptWriter>;

/**
 * Issues receipts within the transaction of their payment: their numbers have no gap, because a payment that is not
 * booked takes its number back with it. Each names the hash of the one before.
 */
export function createReceiptWriter(
  db: GateDatabase,
  options: {
    readonly currency: Currency;
    readonly receipts: ReceiptOptions | null;
    readonly writeLog: LogWriter;
  },
) {
  const { currency, writeLog } = options;
  const insert = inserter(db, receipts);
  const last = lastReceiptQuery(db);
  const partOfStay = stayPart(db);
  const taxName = taxNameQuery(db);
  return {
    /** Null = no receipts are issued here. */
    next: (): Reserved | null =>
      options.receipts === null ? null : { number: last().number + 1, token: options.receipts.token() },
    issue: (reserved: Reserved | null, issue: Issue, wallMs: number): void => {
      if (options.receipts === null || reserved === null) return;
      const { facility, issuer, sign } = options.receipts;
      const { stayId, paymentId, shiftId, quote, ...said } = issue;
      const previousHash = last().hash;
      const receipt: Receipt = {
        ...said,
        number: reserved.number,
        facility,
        issuer,
        currency,
        issuedWallMs: wallMs,
        ...partOfStay(stayId),
        ...quotePart(quote, taxName),
        previousHash,
      };
      const text = canonicalText(receipt);
      const hash = hashOf(text);
      const { keyId, signature } = sign(text);
      const { number, kind } = receipt;
      const row = { number, kind, paymentId, stayId, shiftId, text, hash, keyId, signature };
      insert({ ...row, token: reserved.token, at: wallMs });
      const payload = {
        number,
        kind,
        payment_id: paymentId,
        stay_id: stayId,
        amount_minor: receipt.amountMinor,
        currency,
        hash,
        previous_hash: previousHash,
        key_id: keyId,
        signature,
        at: instantOf(wallMs),
      };
      writeLog({ kind: "receipt.issued", payload }, wallMs);
    },
  };
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function stayPart(db: GateDatabase) {
  const stay = db
    .select({ plate: stays.plate, entryWallMs: stays.entryAt, ticketNumber: tickets.number })
    .from(stays)
    .innerJoin(tickets, CURRENT_TICKET)
    .where(eq(stays.id, sql.placeholder("id")))
    .prepare();
  return (id: StayId): Pick<Receipt, "plate" | "entryWallMs" | "ticketNumber"> => {
    const row = stay.get({ id });
    if (row === undefined) throw new Error(`no ticket of stay ${id}`);
    return row;
  };
}

/** As the document of the tariff has it; a quote says only how much it is. */
function taxNameQuery(db: GateDatabase): (quote: Quote) => string {
  const query = db
    .select({
      name: sql<unknown>`case when json_valid(${tariffs.document}) then json_extract(${tariffs.document}, '$.tax.name') end`,
    })
    .from(tariffs)
    .where(and(eq(tariffs.tariffId, sql.placeholder("id")), eq(tariffs.version, sql.placeholder("version"))))
    .prepare();
  return ({ tariffId: id, tariffVersion: version }) => {
    const name = query.get({ id, version })?.name;
    return typeof name === "string" ? name : "Tax";
  };
}

function quotePart(
  quote: Quote | null,
  taxName: (quote: Quote) => string,
): Pick<Receipt, "durationMinutes" | "tariff" | "trace" | "totalMinor" | "tax"> {
  if (quote === null) return { durationMinutes: null, tariff: null, trace: [], totalMinor: null, tax: null };
  const { durationMinutes, tariffId, tariffVersion, appliedRule, total, tax, taxIncluded } = quote;
  return {
    durationMinutes,
    tariff: { id: tariffId, version: tariffVersion, rule: appliedRule },
    trace: quote.trace.map(({ text, amountMinor }) => ({ text, amountMinor })),
    totalMinor: total.amountMinor,
    tax:
      tax.amountMinor === 0 ? null : { name: taxName(quote), minor: tax.amountMinor, included: taxIncluded },
  };
}

/** What pages, printers and auditors ask of receipts. */
export function receiptQueries(db: GateDatabase) {
  const one = (which: SQL): SignedReceipt | null => {
    const row = db.select().from(receipts).where(which).get();
    return row === undefined ? null : signedOf(row);
  };
  return {
    receiptByToken: (token: string): SignedReceipt | null => one(eq(receipts.token, token)),
    receiptByNumber: (number: number): SignedReceipt | null => one(eq(receipts.number, number)),
    /** Of the payment, not of what was given back of it. */
    receiptOfPayment: (paymentId: PaymentId): SignedReceipt | null =>
      one(sql`${receipts.paymentId} = ${paymentId} and ${receipts.kind} = 'payment'`),
    /** Those after a number, in order. */
    receiptsAfter: (number: number, limit: number): readonly SignedReceipt[] =>
      db
        .select()
        .from(receipts)
        .where(gt(receipts.number, number))
        .orderBy(asc(receipts.number))
        .limit(limit)
        .all()
        .map(signedOf),
    /** Newest first. */
    recentReceipts: (limit: number): readonly SignedReceipt[] =>
      db.select().from(receipts).orderBy(desc(receipts.number)).limit(limit).all().map(signedOf),
    /** As they are stored, those after a number, in order: an audit believes nothing of what is there. */
    issuedAfter: (number: number, limit: number): readonly IssuedReceipt[] =>
      db
        .select({
          number: receipts.number,
          kind: receipts.kind,
          issuedWallMs: receipts.at,
          text: receipts.text,
          hash: receipts.hash,
          keyId: receipts.keyId,
          signature: receipts.signature,
        })
        .from(receipts)
        .where(gt(receipts.number, number))
        .orderBy(asc(receipts.number))
        .limit(limit)
        .all(),
  };
}

/** A receipt as it is stored: its signed text, and what stands beside that. */
export type IssuedReceipt = Pick<Receipt, "number" | "kind" | "issuedWallMs"> &
  Pick<SignedReceipt, "text" | "hash" | "keyId" | "signature">;

type ReceiptRow = typeof receipts.$inferSelect;

function signedOf({ text, hash, keyId, signature, token }: ReceiptRow): SignedReceipt {
  return { receipt: JSON.parse(text) as Receipt, text, hash, keyId, signature, token };
}
