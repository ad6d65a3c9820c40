import type { GateRecord } from "@parkme/shared/domain/gate-record";
import { asId, type IdMint, type PaymentId, type StayId } from "@parkme/shared/domain/ids";
import type { RemotePayment } from "@parkme/shared/protocol/remote-payments";
import { recordsOf, turn } from "../../../edge-agent/store/testing/gate-db.ts";
import type { Random } from "../../../edge-agent/store/testing/random-gate.ts";
import type { Running } from "./edge-box.ts";
import type { Fact } from "./model.ts";

const PLATES = ["BAB1234", "MXY77", "HHZ9", null] as const;
const ACTORS = ["alex", "bo"] as const;

type Desk = Pick<Running, "db" | "store" | "clock">;

/**
 * What happens at a gate and its desk, one thing at a time. It knows of stays and payments what the gate's database
 * knows: after a restore, that is less.
 */
export class GateDay {
  private readonly random: Random;
  private readonly make: ReturnType<typeof recordsOf>;
  private serial = 0;

  constructor(random: Random, mint: IdMint) {
    this.random = random;
    this.make = recordsOf(mint);
  }

  /** Does one thing. @returns the events that were written for it, with the rows that each is about. */
  happen(desk: Desk): readonly Fact[] {
    const before = desk.store.logHead().seq;
    const stays = column(desk, "select id from stays order by id") as StayId[];
    const stayId = stays.at(Math.max(0, stays.length - 6) + this.random.below(Math.min(6, stays.length)));
    if (stayId === undefined || this.random.chance(0.25)) this.enter(desk);
    else
      this.random.one([
        () => this.leave(desk, stayId),
        () => this.leave(desk, stayId),
        () => this.pay(desk, stayId),
        () => this.pay(desk, stayId),
        () => this.pay(desk, stayId),
        () => this.refund(desk),
        () => this.settle(desk, stayId),
        () => this.shift(desk),
        () => this.alarm(desk),
        () => this.amend(desk, stayId),
      ])();
    return factsAfter(desk, before);
  }

  /** Money that was paid in an app, once however often it is told; as the desk books it. */
  book(desk: Desk, payment: RemotePayment): readonly Fact[] {
    const before = desk.store.logHead().seq;
    const { stay_id, method, amount_minor: amountMinor, payment_id: idempotencyKey, reference } = payment;
    const isKnown = desk.db.$client.prepare("select 1 from stays where id = ?").get(stay_id) !== undefined;
    if (!isKnown) return [];
    const by = { place: "cloud", actor: "cloud", idempotencyKey, reference, quote: null };
    desk.store.takePayment(
      { ...by, stayId: asId<StayId>(stay_id), method, amountMinor, tenderedMinor: amountMinor },
      this.now(desk),
    );
    return factsAfter(desk, before);
  }

  private now({ clock }: Desk) {
    return { wallMs: clock.wallMs(), monotonicMs: clock.monotonicMs() };
  }

  private write(desk: Desk, records: readonly GateRecord[], lane: string): void {
    desk.store.commit(turn(records, { lane, now: this.now(desk) }));
  }

  private by() {
    const [actor, place] = [this.random.one(ACTORS), "desk"];
    return { actor, place, reason: "r", idempotencyKey: `day-${(this.serial += 1)}` };
  }

  private enter(desk: Desk): void {
    const plate = this.random.one(PLATES);
    const stay = this.make.stay(plate, desk.clock.wallMs());
    const records = [this.make.started(stay)];
    if (this.random.chance(0.9)) records.push(this.make.moved("in", stay.stayId, { plate }));
    this.write(desk, records, "entry");
  }

  private leave(desk: Desk, stayId: StayId): void {
    const tailgater = this.random.chance(0.1);
    const more = tailgater ? ({ kind: "tailgate" } as const) : {};
    this.write(desk, [this.make.moved("out", tailgater ? null : stayId, more)], "exit");
  }

  private pay(desk: Desk, stayId: StayId): void {
    const amountMinor = 1 + this.random.below(900);
    const tenderedMinor = amountMinor + (this.random.chance(0.3) ? 100 : 0);
    const payment = { ...this.by(), stayId, method: "cash", amountMinor, tenderedMinor } as const;
    desk.store.takePayment({ ...payment, reference: null, quote: null }, this.now(desk));
  }

  private refund(desk: Desk): void {
    const paymentId = column(desk, "select id from payments order by id").at(-1) as PaymentId | undefined;
    if (paymentId === undefined) return;
    desk.store.refund({ ...this.by(), paymentId, amountMinor: 1 + this.random.below(50) }, this.now(desk));
  }

  private settle(desk: Desk, stayId: StayId): void {
    const owed = { ...this.by(), stayId, amountMinor: 1 + this.random.below(100), quote: null };
    if (this.random.chance(0.5)) desk.store.writeOff(owed, this.now(desk));
    else desk.store.bookDebt({ ...owed, debtor: "Account 7" }, this.now(desk));
  }

  private shift(desk: Desk): void {
    const { actor } = this.by();
    const now = this.now(desk);
    if (desk.store.shiftNow(actor) === null) desk.store.openShift({ actor, floatMinor: 10_000 }, now);
    else desk.store.closeShift({ actor, countedMinor: 9_000, note: "counted" }, now);
  }

  private alarm(desk: Desk): void {
    const kind = this.random.one(["stuck", "tailgate", "printer"] as const);
    const record = this.random.chance(0.6)
      ? ({ type: "alarm", kind, detail: "d" } as const)
      : ({ type: "alarm_over", kind } as const);
    this.write(desk, [record], "exit");
  }

  private amend(desk: Desk, stayId: StayId): void {
    if (this.random.chance(0.5))
      desk.store.setLostTicket({ ...this.by(), stayId, proven: this.random.chance(0.5) }, this.now(desk));
    else this.write(desk, [{ type: "stay_review", stayId, review: "missed_exit" }], "exit");
  }
}

type LogRow = { readonly event_id: string; readonly kind: string; readonly payload: string };

function factsAfter({ db }: Desk, seq: number): Fact[] {
  const rows = db.$client
    .prepare<[number], LogRow>("select event_id, kind, payload from log where seq > ? order by seq")
    .all(seq);
  return rows.map(({ event_id, kind, payload }) => ({
    eventId: event_id,
    kind,
    payload: JSON.parse(payload) as Fact["payload"],
  }));
}

function column({ db }: Desk, query: string): string[] {
  return db.$client.prepare<[], string>(query).pluck().all();
}
