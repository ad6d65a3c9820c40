/**
 * What money does, kept once more in memory and without the database: sums of stays, what was paid and given back,
 * drawers. Written apart from the store, so that the two check each other.
 */

export type Price = { readonly total: number; readonly validated: number };

type ModelStay = {
  status: "open" | "closed";
  charged: number;
  validated: number;
  credited: number;
  settled: boolean;
  debts: number;
};
type ModelPayment = { readonly stay: number; readonly amount: number; readonly method: string; back: number };
type ModelShift = { cash: number };

export class MoneyModel {
  readonly stays: ModelStay[] = [];
  readonly payments: ModelPayment[] = [];
  readonly open = new Map<string, ModelShift>();
  closed = 0;
  /** Receipts and credit notes. */
  documents = 0;
  /** Cash that was ever taken, less what was given back. */
  cash = 0;

  stay(at: number): ModelStay {
    const stay = this.stays[at];
    if (stay === undefined) throw new Error(`no stay ${at}`);
    return stay;
  }

  balance(at: number): number {
    const { charged, validated, credited } = this.stay(at);
    return charged - validated - credited;
  }

  owed(at: number, price: Price | null): number {
    return price === null ? this.balance(at) : price.total - this.stay(at).credited;
  }

  begin(): void {
    this.stays.push({ status: "open", charged: 0, validated: 0, credited: 0, settled: false, debts: 0 });
  }

  pay(at: number, amount: number, method: string, actor: string, price: Price | null): void {
    this.quoted(at, price);
    this.stay(at).credited += amount;
    this.settle(at, price !== null);
    this.takeIn(at, amount, method, actor);
  }

  collect(at: number, amount: number, method: string, actor: string): void {
    this.stay(at).debts -= amount;
    this.takeIn(at, amount, method, actor);
  }

  refund(payment: ModelPayment, amount: number, actor: string): void {
    payment.back += amount;
    this.stay(payment.stay).credited -= amount;
    this.settle(payment.stay, false);
    if (payment.method === "cash") this.drawer(actor, -amount);
    this.documents++;
  }

  takeOff(at: number, amount: number, price: Price | null, debt: boolean): void {
    this.quoted(at, price);
    this.stay(at).credited += amount;
    if (debt) this.stay(at).debts += amount;
    this.settle(at, price !== null);
  }

  correct(at: number, amount: number): void {
    this.stay(at).credited -= amount;
    this.settle(at, false);
  }

  free(at: number, price: Price): void {
    this.quoted(at, price);
    this.stay(at).settled = true;
  }

  leave(at: number, price: Price | null): void {
    this.quoted(at, price);
    this.stay(at).status = "closed";
  }

  amend(at: number): void {
    this.stay(at).settled = false;
  }

  float(actor: string, minor: number): void {
    this.open.set(actor, { cash: minor });
  }

  move(actor: string, minor: number): void {
    const shift = this.open.get(actor);
    if (shift !== undefined) shift.cash += minor;
  }

  /** What should have been in the drawer. */
  close(actor: string): number | null {
    const shift = this.open.get(actor);
    if (shift === undefined) return null;
    this.open.delete(actor);
    this.closed++;
    return shift.cash;
  }

  private takeIn(at: number, amount: number, method: string, actor: string): void {
    if (method === "cash") this.drawer(actor, amount);
    this.payments.push({ stay: at, amount, method, back: 0 });
    this.documents++;
  }

  private drawer(actor: string, cash: number): void {
    const shift = this.open.get(actor) ?? { cash: 0 };
    shift.cash += cash;
    this.open.set(actor, shift);
    this.cash += cash;
  }

  private quoted(at: number, price: Price | null): void {
    if (price === null) return;
    this.stay(at).charged = price.total + price.validated;
    this.stay(at).validated = price.validated;
  }

  private settle(at: number, asked: boolean): void {
    if (this.balance(at) > 0) this.stay(at).settled = false;
    else if (asked) this.stay(at).settled = true;
  }
}
