import { copyFileSync } from "node:fs";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { PaymentId, StayId } from "@parkme/shared/domain/ids";
import { money } from "@parkme/shared/domain/money";
import type { Quote } from "@parkme/shared/pricing/quote-model";
import { plainQuote } from "@parkme/shared/pricing/testing/quotes";
import type { ShiftReport } from "@parkme/shared/protocol/kiosk-desk";
import { checkChain } from "../receipts/verify.ts";
import { EUR, newFolder, newMint, turn, type Folder } from "./testing/gate-db.ts";
import { at, cameIn, isOurs, openMoneyDb, type MoneyDb } from "./testing/money-db.ts";
import { MoneyModel, type Price } from "./testing/money-model.ts";

/** Random days at a desk and its lanes, done by the store and by a model that knows nothing of it. */

const RUNS = 40;
const STEPS = 45;
const ACTORS = ["alex", "bo"] as const;

let folder: Folder;
beforeAll(() => {
  folder = newFolder();
  openMoneyDb(folder.path("empty.db")).store.close();
});
afterAll(() => {
  folder.remove();
});

const price = fc.record({
  total: fc.integer({ min: 0, max: 900 }),
  validated: fc.constantFrom(0, 0, 100, 400),
});
const maybePrice = fc.option(price, { freq: 4 });
const minor = fc.integer({ min: 1, max: 1_000 });
const which = fc.nat({ max: 50 });
const actor = fc.constantFrom(...ACTORS);
const method = fc.constantFrom("cash", "cash", "card", "upi", "online", "account" as const);

const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant("enter" as const) }) },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("pay" as const),
      which,
      minor,
      more: fc.constantFrom(0, 0, 500),
      method,
      actor,
      price: maybePrice,
      lane: fc.boolean(),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("refund" as const), which, minor, actor }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom("write_off" as const, "debt" as const),
      which,
      minor,
      actor,
      price: maybePrice,
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("collect" as const), which, minor, method, actor }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("correct" as const),
      which,
      minor: fc.integer({ min: -500, max: 500 }),
      actor,
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("free" as const), which, actor, price }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("leave" as const), which, price: maybePrice }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("fine" as const), which, actor }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("open" as const), actor, minor }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom("drop" as const, "top_up" as const), actor, minor }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("close" as const), actor, minor }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("repeat" as const), which, elsewhere: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("fail" as const), which, minor, actor }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("restart" as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;
/** A step that may be any of these kinds. */
type StepOf<K extends Step["do"]> = Extract<Step, { do: K }>;

function quoteOf(of: Price | null): Quote | null {
  return of === null ? null : plainQuote(of.total, { validated: money(of.validated, EUR) });
}

type Answer = { readonly ok: boolean; readonly value?: object; readonly error?: { readonly code: string } };
/** An act that can be sent again, for the same stay or for another. */
type Sent = { readonly send: (elsewhere: StayId | null) => Answer; readonly answer: Answer };

class Day {
  readonly model = new MoneyModel();
  readonly ids: StayId[] = [];
  readonly paymentIds: PaymentId[] = [];
  readonly sent: Sent[] = [];
  readonly reports: ShiftReport[] = [];
  readonly path: string;
  desk: MoneyDb;
  clock = 0;
  keys = 0;

  constructor(path: string) {
    this.path = path;
    this.desk = openMoneyDb(path);
  }

  private now() {
    // The wall clock steps back now and then.
    this.clock += this.clock % 7 === 0 ? -5_000 : 10_000;
    return at(this.clock);
  }

  private by(actor: string) {
    return { place: "desk", actor, reason: "r", idempotencyKey: `k-${this.keys++}` };
  }

  private stay(which: number): { readonly at: number; readonly stayId: StayId } | null {
    const index = this.ids.length === 0 ? -1 : which % this.ids.length;
    const stayId = this.ids[index];
    return stayId === undefined ? null : { at: index, stayId };
  }

  private remember(send: Sent["send"]): Answer {
    const answer = send(null);
    if (answer.ok) this.sent.push({ send, answer });
    return answer;
  }

  pay({ which, minor: amount, more, method: by, actor: who, price: of, lane }: StepOf<"pay">): void {
    const stay = this.stay(which);
    if (stay === null) return;
    const change = by === "cash" ? more : 0;
    if (lane) return this.payAtLane(stay, { amount, change, by, who, of });
    const payment = {
      ...this.by(who),
      method: by,
      amountMinor: amount,
      tenderedMinor: amount + change,
      reference: null,
      quote: quoteOf(of),
    };
    const now = this.now();
    const answer = this.remember((other) =>
      this.desk.store.takePayment({ ...payment, stayId: other ?? stay.stayId }, now),
    );
    expect(answer, "a payment is always taken").toMatchObject({ ok: true, value: { changeMinor: change } });
    this.paymentIds.push((answer.value as { paymentId: PaymentId }).paymentId);
    this.model.pay(stay.at, amount, by, who, of);
  }

  private payAtLane(
    { at: index, stayId }: { readonly at: number; readonly stayId: StayId },
    given: { amount: number; change: number; by: StepOf<"pay">["method"]; who: string; of: Price | null },
  ): void {
    const { amount, change, by, who, of } = given;
    const more = { method: by, changeMinor: change, actor: who, quote: quoteOf(of) };
    const record = this.desk.make.paid(stayId, amount, `lane-${this.keys++}`, more);
    this.desk.store.commit(turn([record], { lane: "exit", now: this.now() }));
    if (record.type === "payment") this.paymentIds.push(record.paymentId);
    this.model.pay(index, amount, by, who, of);
  }

  refund({ which, minor: amount, actor: who }: StepOf<"refund">): void {
    const index = this.paymentIds.length === 0 ? -1 : which % this.paymentIds.length;
    const [paymentId, payment] = [this.paymentIds[index], this.model.payments[index]];
    if (paymentId === undefined || payment === undefined) return;
    const refund = { ...this.by(who), paymentId, amountMinor: amount };
    const now = this.now();
    const answer = this.remember(() => this.desk.store.refund(refund, now));
    expect(answer.ok).toBe(amount <= payment.amount - payment.back);
    if (answer.ok) this.model.refund(payment, amount, who);
  }

  takeOff({ do: kind, which, minor: amount, actor: who, price: of }: StepOf<"write_off" | "debt">): void {
    const stay = this.stay(which);
    if (stay === null) return;
    const settlement = { ...this.by(who), amountMinor: amount, quote: quoteOf(of), debtor: "Acme" };
    const now = this.now();
    const answer = this.remember((other) => {
      const { debtor, ...rest } = { ...settlement, stayId: other ?? stay.stayId };
      const { store } = this.desk;
      return kind === "debt" ? store.bookDebt({ ...rest, debtor }, now) : store.writeOff(rest, now);
    });
    expect(answer.ok).toBe(amount <= this.model.owed(stay.at, of));
    if (answer.ok) this.model.takeOff(stay.at, amount, of, kind === "debt");
  }

  collect({ which, minor: amount, method: by, actor: who }: StepOf<"collect">): void {
    const stay = this.stay(which);
    if (stay === null) return;
    const common = {
      ...this.by(who),
      method: by,
      amountMinor: amount,
      tenderedMinor: amount,
      reference: null,
    };
    const now = this.now();
    const answer = this.remember((other) =>
      this.desk.store.collectDebt({ ...common, stayId: other ?? stay.stayId }, now),
    );
    expect(answer.ok).toBe(amount <= this.model.stay(stay.at).debts);
    if (!answer.ok) return;
    this.paymentIds.push((answer.value as { paymentId: PaymentId }).paymentId);
    this.model.collect(stay.at, amount, by, who);
  }

  correct({ which, minor: amount, actor: who }: StepOf<"correct">): void {
    const stay = this.stay(which);
    if (stay === null) return;
    const correction = { ...this.by(who), amountMinor: amount };
    const now = this.now();
    const answer = this.remember((other) =>
      this.desk.store.correct({ ...correction, stayId: other ?? stay.stayId }, now),
    );
    expect(answer.ok).toBe(amount !== 0);
    if (answer.ok) this.model.correct(stay.at, amount);
  }

  free({ which, actor: who, price: of }: StepOf<"free">): void {
    const stay = this.stay(which);
    if (stay === null) return;
    const quote = plainQuote(of.total, { validated: money(of.validated, EUR) });
    const answer = this.desk.store.settleFree(
      { stayId: stay.stayId, place: "desk", actor: who, quote },
      this.now(),
    );
    expect(answer.ok).toBe(this.model.owed(stay.at, of) <= 0);
    if (answer.ok) this.model.free(stay.at, of);
  }

  leave({ which, price: of }: StepOf<"leave">): void {
    const stay = this.stay(which);
    if (stay === null || this.model.stay(stay.at).status !== "open") return;
    const out = this.desk.make.moved("out", stay.stayId, { quote: quoteOf(of) });
    this.desk.store.commit(turn([out], { lane: "exit", now: this.now() }));
    this.model.leave(stay.at, of);
  }

  fine({ which, actor: who }: StepOf<"fine">): void {
    const stay = this.stay(which);
    if (stay === null) return;
    const fine = { ...this.by(who), penalty: "wrong-bay" };
    const answer = this.desk.store.addPenalty({ ...fine, stayId: stay.stayId }, this.now());
    if (this.model.stay(stay.at).status === "closed") expect(answer.ok).toBe(false);
    if (answer.ok) this.model.amend(stay.at);
  }

  open({ actor: who, minor: amount }: StepOf<"open">): void {
    const answer = this.desk.store.openShift({ actor: who, floatMinor: amount }, this.now());
    expect(answer.ok).toBe(!this.model.open.has(who));
    if (answer.ok) this.model.float(who, amount);
  }

  move({ do: kind, actor: who, minor: amount }: StepOf<"drop" | "top_up">): void {
    const move = {
      kind,
      actor: who,
      amountMinor: amount,
      reason: "safe",
      idempotencyKey: `k-${this.keys++}`,
    };
    const now = this.now();
    const answer = this.remember(() => this.desk.store.moveDrawer(move, now));
    expect(answer.ok).toBe(this.model.open.has(who));
    if (answer.ok) this.model.move(who, kind === "drop" ? -amount : amount);
  }

  close({ actor: who, minor: counted }: StepOf<"close">): void {
    const closed = this.desk.store.closeShift({ actor: who, countedMinor: counted, note: "" }, this.now());
    const expected = this.model.close(who);
    expect(closed.ok).toBe(expected !== null);
    if (!closed.ok || expected === null) return;
    expect(closed.value).toMatchObject({
      kind: "z",
      z_number: this.model.closed,
      expected_minor: expected,
      variance_minor: counted - expected,
    });
    this.reports.push(closed.value);
  }

  repeat({ which, elsewhere }: StepOf<"repeat">): void {
    const sent = this.sent.length === 0 ? undefined : this.sent[which % this.sent.length];
    if (sent === undefined) return;
    const before = this.desk.store.lastLogSeq();
    if (elsewhere) {
      const { stayId } = cameIn(this.desk, null, this.clock);
      this.ids.push(stayId);
      this.model.begin();
      const answer = sent.send(stayId);
      // Refunds and moves name no stay: sent again, they are the same act.
      if (!answer.ok) expect(answer.error?.code).toBe("key_reused");
      else expect(answer.value).toEqual({ ...sent.answer.value, again: true });
      return;
    }
    expect(sent.send(null)).toEqual({ ok: true, value: { ...sent.answer.value, again: true } });
    expect(this.desk.store.lastLogSeq(), "nothing is done again").toBe(before);
  }

  /** A turn with money in it that cannot be written as a whole. */
  fail({ which, minor: amount, actor: who }: StepOf<"fail">): void {
    const stay = this.stay(which);
    if (stay === null) return;
    const { make, mint, store } = this.desk;
    const paid = make.paid(stay.stayId, amount, `lane-${this.keys++}`, {
      actor: who,
      quote: plainQuote(amount),
    });
    const unknown = mint.next<StayId>(0);
    expect(() => store.commit(turn([paid, make.moved("in", unknown)]))).toThrow(/FOREIGN KEY/);
  }

  restart(): void {
    this.desk.store.close();
    this.desk = openMoneyDb(this.path, newMint());
  }

  run(one: Step): void {
    switch (one.do) {
      case "enter":
        this.ids.push(cameIn(this.desk, null, this.clock).stayId);
        return this.model.begin();
      case "pay":
        return this.pay(one);
      case "refund":
        return this.refund(one);
      case "write_off":
      case "debt":
        return this.takeOff(one);
      case "collect":
        return this.collect(one);
      case "correct":
        return this.correct(one);
      case "free":
        return this.free(one);
      case "leave":
        return this.leave(one);
      case "fine":
        return this.fine(one);
      case "open":
        return this.open(one);
      case "drop":
      case "top_up":
        return this.move(one);
      case "close":
        return this.close(one);
      case "repeat":
        return this.repeat(one);
      case "fail":
        return this.fail(one);
      case "restart":
        return this.restart();
      default:
        return one satisfies never;
    }
  }

  /** The store knows of every stay, drawer and receipt what the model knows. */
  check(): void {
    const { store, db } = this.desk;
    for (const [index, stayId] of this.ids.entries()) {
      const account = store.stayAccount(stayId);
      const stay = this.model.stay(index);
      expect({
        charged: account?.chargedMinor,
        validated: account?.validatedMinor,
        credited: account?.creditedMinor,
        balance: account?.balanceMinor,
        settled: account?.settledWallMs !== null,
        debts: store.debtMinor(stayId),
      }).toEqual({
        charged: stay.charged,
        validated: stay.validated,
        credited: stay.credited,
        balance: this.model.balance(index),
        settled: stay.settled,
        debts: stay.debts,
      });
    }
    for (const who of ACTORS) expect(store.drawerMinor(who)).toBe(this.model.open.get(who)?.cash ?? null);
    const file = db.$client;
    const sums =
      "select id from stays where balance_minor <> (select coalesce(sum(amount_minor), 0) from ledger where stay_id = stays.id)";
    expect(file.prepare(sums).all(), "balances are sums").toEqual([]);
    const inShifts =
      "select coalesce(-sum(amount_minor), 0) from ledger where method = 'cash' and shift_id is not null and kind <> 'correction'";
    const cash =
      "select coalesce(-sum(amount_minor), 0) from ledger where method = 'cash' and kind <> 'correction'";
    expect(file.prepare(cash).pluck().get(), "every coin is in a shift").toBe(
      file.prepare(inShifts).pluck().get(),
    );
    expect(file.prepare(cash).pluck().get()).toBe(this.model.cash);
  }

  /** Receipts have no gap and follow each other, and closed shifts are as they were reported. */
  audit(): void {
    const { store } = this.desk;
    const all = store.receiptsAfter(0, 1_000);
    expect(all.map(({ receipt }) => receipt.number)).toEqual(
      Array.from({ length: this.model.documents }, (_, i) => i + 1),
    );
    expect(checkChain(store, { verifyText: isOurs }).problems).toEqual([]);
    expect(new Set(all.map(({ token }) => token)).size).toBe(all.length);
    for (const report of this.reports) expect(store.shiftReport(report.shift_id)).toEqual(report);
    expect(this.desk.db.$client.pragma("foreign_key_check")).toEqual([]);
    expect(this.desk.db.$client.pragma("integrity_check", { simple: true })).toBe("ok");
  }
}

it(
  "every sequence of acts leaves what a ledger on paper would say, over shift changes, repeats, failures and restarts",
  { timeout: 300_000 },
  () => {
    let runs = 0;
    const steps = fc.array(step, { minLength: STEPS / 3, maxLength: STEPS, size: "max" });
    fc.assert(
      fc.property(steps, (acts) => {
        const path = folder.path(`day-${runs++}.db`);
        copyFileSync(folder.path("empty.db"), path);
        const day = new Day(path);
        try {
          day.run({ do: "enter" });
          for (const one of acts) {
            day.run(one);
            day.check();
          }
          day.restart();
          day.check();
          day.audit();
        } finally {
          day.desk.store.close();
        }
      }),
      { numRuns: RUNS },
    );
  },
);
