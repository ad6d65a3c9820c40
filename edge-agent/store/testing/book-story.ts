import { createHash } from "node:crypto";
import type { GateRecord } from "@parkme/shared/domain/gate-record";
import { createIdMint, type PaymentId } from "@parkme/shared/domain/ids";
import { money } from "@parkme/shared/domain/money";
import type { Quote } from "@parkme/shared/pricing/quote-model";
import { plainQuote } from "@parkme/shared/pricing/testing/quotes";
import type { ReceiptOptions } from "../receipts.ts";
import type { Begun } from "../stay-beginning.ts";
import type { Store } from "../store.ts";
import { EUR, HOUSE, open, openStore, recordsOf, turn } from "./gate-db.ts";

/** Days at a gate and its desk that are the same whenever they are told: everything random comes from a seed. */

/** 0..1, always the same for a seed: a Weyl sequence, stirred. */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    const a = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    const b = Math.imul(a ^ (a >>> 13), 0xc2b2ae35);
    return ((b ^ (b >>> 16)) >>> 0) / 2 ** 32;
  };
}

/** A few minutes before midnight, so that a day ends soon. */
const BEGIN_MS = Date.UTC(2026, 1, 28, 23, 40);
const PLATES = ["BAB1234", "MXY77", "HHZ9", null] as const;
const ACTORS = ["alex", "bo"] as const;
const METHODS = ["cash", "cash", "card", "upi", "online"] as const;
const REVIEWS = ["passage_unproven", "missed_exit", "paid_in_doubt"] as const;

function receiptsOf(random: () => number): ReceiptOptions {
  return {
    facility: { id: "019ab3c4-0000-7000-8000-00000000f001", name: "House", timeZone: "Pacific/Kiritimati" },
    issuer: { name: "Acme Parking", address: ["1 Main Street"], taxNumber: "DE123" },
    sign: (text) => ({ keyId: 7, signature: createHash("sha256").update(text).digest("base64url") }),
    token: () => String(random()).slice(2),
  };
}

export class BookStory {
  readonly store: Store;
  readonly db: ReturnType<typeof openStore>["db"];
  nowMs = BEGIN_MS;
  private readonly random: () => number;
  private readonly mint;
  private readonly make;
  private readonly stays: Begun[] = [];
  private readonly payments: PaymentId[] = [];
  private serial = 0;

  private readonly path: string;

  constructor(path: string, seed: number) {
    this.path = path;
    this.random = seeded(seed);
    this.mint = createIdMint((length) => Uint8Array.from({ length }, () => Math.floor(this.random() * 256)));
    this.make = recordsOf(this.mint);
    const { db, store } = openStore(path, this.mint, { ...HOUSE, receipts: receiptsOf(this.random) });
    [this.db, this.store] = [db, store];
  }

  tell(steps: number): this {
    const acts = this.acts();
    for (let step = 0; step < steps; step += 1) {
      this.passTime();
      this.one(acts)();
    }
    return this;
  }

  /** Somebody who has the file adds to the last charge, past the agent. @returns the day that it is of. */
  falsify(): { readonly day: string } {
    const { $client: file } = open(this.path);
    const last = "kind = 'charge' order by seq desc limit 1";
    const text = `select id, date(at / 1000, 'unixepoch') as day from ledger where ${last}`;
    const row = file.prepare<[], { id: string; day: string }>(text).get();
    if (row === undefined) throw new Error("nothing was charged");
    file.exec("drop trigger ledger_no_update");
    file.prepare("update ledger set amount_minor = amount_minor + 1 where id = ?").run(row.id);
    file.close();
    return { day: row.day };
  }

  /** Minutes as a rule; now and then to the very midnight, back by hours, or on by days. */
  private passTime(): void {
    const chance = this.random();
    if (chance < 0.02) this.nowMs = Math.ceil(this.nowMs / 86_400_000) * 86_400_000 - (chance < 0.01 ? 1 : 0);
    else if (chance < 0.04) this.nowMs -= Math.floor(this.random() * 5 * 3_600_000);
    else if (chance < 0.06) this.nowMs += Math.floor(this.random() * 2 * 86_400_000);
    else this.nowMs += Math.floor(this.random() * 15 * 60_000);
  }

  private acts(): (() => void)[] {
    const often = <T>(times: number, act: T): T[] => Array.from({ length: times }, () => act);
    return [
      ...often(8, () => this.enter()),
      ...often(8, () => this.pay()),
      ...often(6, () => this.leave()),
      ...often(2, () => this.flag()),
      ...often(2, () => this.voidByLane()),
      ...often(2, () => this.store.voidStay(this.by(), this.now())),
      ...often(2, () => this.refund()),
      ...often(2, () => this.lose()),
      ...often(2, () => this.amendEntry()),
      ...often(2, () => this.store.giveValidation({ ...this.by(), ...VALIDATION, serial: null }, this.now())),
      ...often(2, () => this.settle()),
      ...often(2, () => this.shift()),
      () => this.beginByHand(),
      () => this.recover(),
      () => this.describeVehicle(),
      () => this.store.addPenalty({ ...this.by(), penalty: "lost" }, this.now()),
      () => this.passUnknown(),
      () => this.lateEntry(),
      () => this.store.correct({ ...this.by(), amountMinor: 50 }, this.now()),
    ];
  }

  private one<T>(of: readonly T[]): T {
    const picked = of[Math.floor(this.random() * of.length)];
    if (picked === undefined) throw new RangeError("nothing to pick from");
    return picked;
  }

  private now() {
    return { wallMs: this.nowMs, monotonicMs: 0 };
  }

  private key(): string {
    return `story-${this.serial++}`;
  }

  /** Some stay, mostly one of the last. */
  private stay(): Begun {
    if (this.stays.length === 0) this.enter();
    return this.one(this.random() < 0.85 ? this.stays.slice(-5) : this.stays);
  }

  private by() {
    const reason = this.one(["asked", 'said "no"\n\tand left', "né à Zürich \u{1f697}"]);
    const { stayId } = this.stay();
    return { place: "desk", actor: this.one(ACTORS), reason, stayId, idempotencyKey: this.key() };
  }

  private commit(records: readonly GateRecord[], lane = "entry"): void {
    this.store.commit(turn(records, { lane, now: this.now() }));
  }

  private quote(): Quote | null {
    const validated = money(this.one([0, 0, 100]), EUR);
    return this.random() < 0.2 ? null : plainQuote(Math.floor(this.random() * 900), { validated });
  }

  private enter(): void {
    const right = this.one([null, null, { kind: "permit", id: "P-1" } as const]);
    const stay = { ...this.make.stay(this.one(PLATES), this.nowMs), right };
    this.stays.push(stay);
    this.commit([this.make.started(stay)]);
    if (this.random() < 0.85) this.commit([this.make.moved("in", stay.stayId)]);
  }

  private pay(): void {
    const method = this.one(METHODS);
    const amountMinor = 1 + Math.floor(this.random() * 500);
    const tenderedMinor = amountMinor + (method === "cash" ? this.one([0, 500]) : 0);
    const reference = method === "upi" ? this.key() : null;
    const quote = this.quote();
    const payment = { ...this.by(), method, amountMinor, tenderedMinor, reference, quote };
    const taken = this.store.takePayment(payment, this.now());
    if (taken.ok) this.payments.push(taken.value.paymentId);
  }

  private leave(): void {
    const review = this.one([null, null, null, "passage_unproven" as const]);
    const { stayId } = this.stay();
    const out = this.make.moved("out", stayId, { quote: this.quote(), review, plate: this.one(PLATES) });
    this.commit([out], "exit");
  }

  private flag(): void {
    const { stayId } = this.stay();
    this.commit([{ type: "stay_review", stayId, review: this.one(REVIEWS) }]);
  }

  private voidByLane(): void {
    this.commit([this.make.voided(this.stay().stayId)]);
  }

  private refund(): void {
    if (this.payments.length === 0) return;
    const paymentId = this.one(this.payments);
    this.store.refund(
      { ...this.by(), paymentId, amountMinor: 1 + Math.floor(this.random() * 80) },
      this.now(),
    );
  }

  private lose(): void {
    this.store.setLostTicket({ ...this.by(), proven: this.random() < 0.5 }, this.now());
  }

  private amendEntry(): void {
    const entryWallMs = this.nowMs - Math.floor(this.random() * 3 * 86_400_000);
    this.store.setEntryTime({ ...this.by(), entryWallMs }, this.now());
  }

  private settle(): void {
    const owed = { ...this.by(), amountMinor: 1 + Math.floor(this.random() * 100), quote: this.quote() };
    if (this.random() < 0.5) this.store.writeOff(owed, this.now());
    else this.store.bookDebt({ ...owed, debtor: "Account 7" }, this.now());
  }

  private shift(): void {
    const { actor } = this.by();
    if (this.store.shiftNow(actor) === null) this.store.openShift({ actor, floatMinor: 10_000 }, this.now());
    else this.store.closeShift({ actor, countedMinor: 9_000, note: "counted" }, this.now());
  }

  private beginByHand(): void {
    const entryWallMs = this.nowMs - Math.floor(this.random() * 86_400_000);
    const begun = this.store.beginManualStay(
      { ...this.by(), plate: this.one(["B AB 1", null]), entryWallMs },
      this.now(),
    );
    if (begun.ok) this.stays.push(begun.value);
  }

  private recover(): void {
    const ticketNumber = this.mint.ticketNumber();
    const shown = { ticketNumber, entryWallMs: this.nowMs - 60_000, lane: "exit", plate: null };
    const begun = this.store.recoverStay(shown, this.now());
    if (begun.ok) this.stays.push(begun.value);
  }

  private describeVehicle(): void {
    const kind = { vehicleType: this.one(["motorbike", "van"]), ev: this.random() < 0.5, accessible: true };
    this.store.setVehicle({ ...this.by(), ...kind }, this.now());
  }

  private passUnknown(): void {
    const unknown = this.make.moved("out", null, { kind: "manual", plate: this.one(PLATES) });
    const within = this.make.moved("in", this.stay().stayId, { scope: "zone" });
    this.commit([this.random() < 0.5 ? unknown : within], "yard");
  }

  /** The loops of an entry are slower than the desk, or than another lane. */
  private lateEntry(): void {
    const kind = this.one(["normal", "inferred"] as const);
    this.commit([
      this.make.moved("in", this.stay().stayId, { kind, review: this.one([null, "missed_exit"]) }),
    ]);
  }
}

const VALIDATION = {
  merchant: "cinema",
  name: "2 h free",
  value: { kind: "minutes", minutes: 120 },
} as const;
