import { ALARM_KINDS } from "@parkme/shared/domain/alarm";
import type { GateRecord } from "@parkme/shared/domain/gate-record";
import {
  createIdMint,
  type AttemptId,
  type JobId,
  type PaymentId,
  type StayId,
} from "@parkme/shared/domain/ids";
import { LANE_MODES } from "@parkme/shared/domain/lane-mode";
import { ATTEMPT_STATUSES, PAYMENT_METHODS, REVIEW_REASONS, TICKET_STEPS } from "@parkme/shared/domain/stay";
import { plainQuote } from "@parkme/shared/pricing/testing/quotes";
import { START_MS, turn } from "./gate-db.ts";
import { openMoneyDb, type MoneyDb } from "./money-db.ts";

/** A gate where anything may happen that a store can be told of: the same days for the same seed. */

export type Random = {
  readonly below: (n: number) => number;
  readonly one: <T>(of: readonly T[]) => T;
  readonly chance: (share: number) => boolean;
};

/** Mulberry32: small, and good enough for days at a gate. */
export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (n: number): number => Math.floor(next() * n);
  return {
    below,
    chance: (share) => next() < share,
    one: (of) => {
      const item = of[below(of.length)];
      if (item === undefined) throw new RangeError("nothing to choose from");
      return item;
    },
  };
}

const ACTORS = ["alex", "bo"] as const;
const LANES = ["entry", "exit", "side"] as const;
const ZONES = ["house", "level-1", "level-2", "yard"] as const;
const HOUR = 3_600_000;

/** Ids that no other gate mints: `who` is told apart in the seed. */
function mintOf(seed: number, who: number) {
  const random = randomOf(seed * 31 + who);
  return createIdMint((length) => Uint8Array.from({ length }, () => random.below(256)));
}

export class RandomGate {
  readonly path: string;
  readonly desk: MoneyDb;
  private readonly random: Random;
  private readonly who: number;
  private clock: number;
  private keys = 0;
  private serials = 0;
  /** Stays and payments that this gate knows of. */
  stays: StayId[] = [];
  payments: PaymentId[] = [];
  private attempts: { attemptId: AttemptId; stayId: StayId; amountMinor: number }[] = [];

  /** @param who tells several gates apart that are restored from each other. */
  constructor(path: string, seed: number, who = 0, startMs = 0) {
    this.path = path;
    this.random = randomOf(seed * 7 + who);
    this.who = who;
    this.clock = startMs;
    this.desk = openMoneyDb(path, mintOf(seed, who));
    // No power fails here, and there are many days to live.
    this.desk.db.$client.pragma("synchronous = OFF");
    this.stays = this.column("select id from stays order by id") as StayId[];
    this.payments = this.column("select id from payments order by id") as PaymentId[];
  }

  close(): void {
    this.desk.store.close();
  }

  live(steps: number): void {
    for (let i = 0; i < steps; i += 1) this.step();
  }

  column(query: string): string[] {
    return this.desk.db.$client.prepare(query).pluck().all() as string[];
  }

  now() {
    this.clock += this.random.below(60) === 0 ? -5_000 : 1 + this.random.below(90_000);
    return { wallMs: START_MS + this.clock, monotonicMs: Math.max(0, this.clock) };
  }

  private key(): string {
    return `k-${this.who}-${this.keys++}`;
  }

  private by() {
    const actor = this.random.one(ACTORS);
    return { place: this.random.one(["desk", "exit"]), actor, reason: "r", idempotencyKey: this.key() };
  }

  private quote() {
    return this.random.chance(0.5) ? plainQuote(this.random.below(900)) : null;
  }

  private write(records: readonly GateRecord[], lane: string = this.random.one(LANES)): void {
    this.desk.store.commit(turn(records, { lane, now: this.now() }));
  }

  private enter(): void {
    const { make } = this.desk;
    const plate = this.random.chance(0.8) ? `B${this.random.below(1_000)}` : null;
    const stay = make.stay(plate, START_MS + this.clock);
    const zones = this.random.chance(0.5) ? [{ zone: this.random.one(ZONES), by: 1 as const }] : [];
    const records = [make.started(stay, { zone: zones[0]?.zone ?? null })];
    if (this.random.chance(0.85)) records.push(make.moved("in", stay.stayId, { zones, plate }));
    this.write(records, "entry");
    this.stays.push(stay.stayId);
  }

  private passage(stayId: StayId): void {
    const { make } = this.desk;
    const zones = [{ zone: this.random.one(ZONES), by: this.random.one([1, -1] as const) }];
    switch (this.random.below(4)) {
      case 0:
        return this.write([make.moved("in", stayId, { scope: "zone", zones })]);
      case 1:
        return this.write([make.moved("out", null, { kind: "tailgate" })], "exit");
      case 2:
        return this.write([make.moved("in", null, { kind: "vend" }), make.vended(this.key())]);
      default:
        return this.write([make.moved("out", stayId, { quote: this.quote(), zones })], "exit");
    }
  }

  private pay(stayId: StayId): void {
    const amountMinor = 1 + this.random.below(900);
    const method = this.random.one([...PAYMENT_METHODS, "cash", "cash"] as const);
    const more = method === "cash" && this.random.chance(0.3) ? 100 : 0;
    const payment = { ...this.by(), stayId, method, amountMinor, tenderedMinor: amountMinor + more };
    const taken = this.desk.store.takePayment(
      { ...payment, reference: null, quote: this.quote() },
      this.now(),
    );
    if (taken.ok) this.payments.push(taken.value.paymentId);
  }

  private money(stayId: StayId): void {
    const { store } = this.desk;
    const common = { ...this.by(), stayId, amountMinor: 1 + this.random.below(300), quote: this.quote() };
    const paymentId = this.payments.at(this.random.below(this.payments.length));
    switch (this.random.below(5)) {
      case 0:
        if (paymentId !== undefined) store.refund({ ...common, paymentId }, this.now());
        return;
      case 1:
        return void store.writeOff(common, this.now());
      case 2:
        return void store.bookDebt({ ...common, debtor: "Acme" }, this.now());
      case 3:
        return void store.correct({ ...common, amountMinor: this.random.below(200) - 100 }, this.now());
      default:
        return void store.settleFree({ ...common, quote: plainQuote(0) }, this.now());
    }
  }

  private shift(): void {
    const { store } = this.desk;
    const { actor } = this.by();
    const move = { ...this.by(), actor, amountMinor: 1 + this.random.below(500), reason: "safe" };
    switch (this.random.below(3)) {
      case 0:
        return void store.openShift({ actor, floatMinor: this.random.below(1_000) }, this.now());
      case 1:
        return void store.moveDrawer({ ...move, kind: this.random.one(["drop", "top_up"]) }, this.now());
      default:
        return void store.closeShift(
          { actor, countedMinor: this.random.below(2_000), note: "n" },
          this.now(),
        );
    }
  }

  private amend(stayId: StayId): void {
    const { store } = this.desk;
    const amend = { ...this.by(), stayId };
    const serial = this.random.chance(0.5) ? `code-${this.who}-${this.serials++}` : null;
    switch (this.random.below(7)) {
      case 0:
        return void store.setEntryTime(
          { ...amend, entryWallMs: START_MS - this.random.below(HOUR) },
          this.now(),
        );
      case 1:
        return void store.setVehicle(
          { ...amend, vehicleType: "lorry", ev: true, accessible: false },
          this.now(),
        );
      case 2:
        return void store.addPenalty({ ...amend, penalty: "wrong-bay" }, this.now());
      case 3:
        return void store.setLostTicket({ ...amend, proven: this.random.chance(0.5) }, this.now());
      case 4:
        return void store.voidStay(amend, this.now());
      case 5: {
        const entryWallMs = START_MS + this.clock - HOUR;
        const begun = store.beginManualStay({ ...amend, plate: "MAN1", entryWallMs }, this.now());
        if (begun.ok) this.stays.push(begun.value.stayId);
        return;
      }
      default: {
        const value = { kind: "minutes", minutes: 30 } as const;
        return void store.giveValidation(
          { ...amend, merchant: "shop", name: "Shop", value, serial },
          this.now(),
        );
      }
    }
  }

  private device(stayId: StayId): void {
    const kind = this.random.one(ALARM_KINDS);
    const jobId = this.desk.mint.next<JobId>(START_MS);
    const steps = TICKET_STEPS.slice(0, 1 + this.random.below(3));
    switch (this.random.below(6)) {
      case 0:
        return this.write([{ type: "alarm", kind, detail: "d" }]);
      case 1:
        return this.write([{ type: "alarm_over", kind }]);
      case 2:
        return this.write(
          steps.map((step) => ({ type: "ticket", jobId, stayId, step, detail: "" }) as const),
        );
      case 3:
        return this.write([
          { type: "hold", on: this.random.chance(0.5), cause: "operator", actor: "bo", reason: "r" },
        ]);
      case 4:
        return this.write([{ type: "reset", actor: "alex", reason: "looked" }]);
      default:
        return this.write([{ type: "stay_review", stayId, review: this.random.one(REVIEW_REASONS) }]);
    }
  }

  private attempt(stayId: StayId): void {
    const open = this.attempts.at(this.random.below(this.attempts.length + 1));
    const status = open === undefined ? "begun" : this.random.one(ATTEMPT_STATUSES);
    const attempt = open ?? {
      attemptId: this.desk.mint.next<AttemptId>(START_MS),
      stayId,
      amountMinor: 1 + this.random.below(500),
    };
    this.attempts.push(attempt);
    this.write([{ type: "attempt", ...attempt, status, receipt: null, detail: "d" }]);
  }

  private place(): void {
    const { store, db } = this.desk;
    const common = this.by();
    const zone = this.random.chance(0.5) ? this.random.one(ZONES) : null;
    const fromMs = START_MS + HOUR * this.random.below(24);
    switch (this.random.below(7)) {
      case 0:
        return void store.correctCount({ ...common, zone, count: this.random.below(30) }, this.now());
      case 1:
        return void store.resetCount(
          { zone, to: this.random.one([0, "stays"] as const), key: "nightly" },
          this.now(),
        );
      case 2: {
        const [scope, name] = this.random.one([
          ["facility", "f"],
          ["zone", "house"],
          ["lane", "entry"],
        ] as const);
        return store.setMode({ ...common, scope, name, mode: this.random.one(LANE_MODES) }, this.now());
      }
      case 3:
        return void store.neutralReset(common, this.now());
      case 4: {
        const id = `t-${this.who}`;
        const version = Number(db.$client.prepare("select count(*) from tariffs").pluck().get()) + 1;
        const document = JSON.stringify({ id, version, note: "Gebühr „ä“ \u2028" });
        return void store.takeTariff(
          { id, version, fromMs: null, document, source: "file" },
          this.now().wallMs,
        );
      }
      default: {
        const id = this.desk.mint.next<StayId>(START_MS);
        const move = { id, class: this.random.one(ZONES), fromMs, untilMs: fromMs + 2 * HOUR, amount: 3 };
        return void store.answerRightsRequest(move, this.now());
      }
    }
  }

  /** One thing that happens. */
  step(): void {
    const stayId = this.stays.length === 0 ? undefined : this.stays[this.random.below(this.stays.length)];
    if (stayId === undefined || this.random.chance(0.15)) return this.enter();
    const recent = this.random.chance(0.5) ? (this.stays.at(-1) ?? stayId) : stayId;
    const doing = this.random.one([
      () => this.passage(recent),
      () => this.pay(recent),
      () => this.pay(stayId),
      () => this.money(stayId),
      () => this.shift(),
      () => this.amend(recent),
      () => this.device(stayId),
      () => this.attempt(stayId),
      () => this.place(),
    ]);
    doing();
  }
}
