import { createHash } from "node:crypto";
import type { GateRecord } from "@parkme/shared/domain/gate-record";
import type { CloudRows } from "../cloud-rows.ts";
import type { EdgeRows, EdgeStay } from "../edge-rows.ts";
import type { PlainRow } from "../plain-rows.ts";
import { START_MS, TARIFF } from "./places.ts";

type Mutable<Rows> = {
  -readonly [K in keyof Rows]: Rows[K] extends readonly (infer Row)[] ? Row[] : Rows[K];
};

/** What a gate without a mistake would have in its file: it believes what its lanes write. */
export class GateBooks {
  readonly rows: Mutable<Omit<EdgeRows, "books">> = {
    inside: 0,
    zoneCounts: [],
    stays: [],
    tickets: [],
    movements: [],
    corrections: [],
    payments: [],
    attempts: [],
    ledger: [],
    receipts: [],
    shifts: [],
    drawerMoves: [],
    validations: [],
    amendments: [],
    tariffs: [
      {
        tariffId: "house",
        version: 1,
        fromMs: START_MS,
        takenAtMs: START_MS,
        document: JSON.stringify(TARIFF),
      },
    ],
    commands: [],
    vends: [],
    rightsGiven: [],
    transfers: [],
    conflicts: [],
    log: { first: 1, last: 100, uploaded: 100 },
  };

  write(lane: string, record: GateRecord, atMs: number): void {
    const wallMs = START_MS + atMs;
    if (record.type === "stay_started") this.begin(lane, record, wallMs);
    if (record.type === "movement") this.move(lane, record, wallMs);
    if (record.type === "payment") this.pay(lane, record, wallMs);
    if (record.type === "attempt") this.attempt(lane, record);
  }

  private begin(lane: string, { stay }: Extract<GateRecord, { type: "stay_started" }>, wallMs: number): void {
    this.rows.tickets.push({
      number: stay.ticketNumber,
      stayId: stay.stayId,
      voidedAtMs: null,
      replacedBy: null,
    });
    this.rows.stays.push({
      id: stay.stayId,
      status: "provisional",
      entryLane: lane,
      plate: stay.plate,
      entryAtMs: wallMs,
      exitAtMs: null,
      feeMinor: null,
      review: null,
      rightKind: stay.right?.kind ?? null,
      rightId: stay.right?.id ?? null,
      rightFromMs: stay.right === null ? null : START_MS,
      rightUntilMs: stay.right === null ? null : START_MS + 1e10,
      rightPass: null,
      vehicleType: "car",
      ev: 0,
      accessible: 0,
      tariffId: "house",
      tariffVersion: 1,
      occupancyPercent: 0,
      lostTicket: "no",
      balanceMinor: 0,
      settledAtMs: null,
    });
  }

  private move(lane: string, record: Extract<GateRecord, { type: "movement" }>, wallMs: number): void {
    const { movementId: id, direction, kind, stayId, plate, review, scope, quote } = record;
    const feeMinor = quote?.total.amountMinor ?? null;
    const zones = JSON.stringify(record.zones);
    this.rows.movements.push({
      id,
      lane,
      direction,
      kind,
      stayId,
      plate,
      atMs: wallMs,
      review,
      feeMinor,
      scope,
      zones,
    });
    this.rows.inside += direction === "in" ? 1 : -1;
    if (stayId === null) return;
    this.change(
      stayId,
      direction === "in" ? { status: "open" } : { status: "closed", exitAtMs: wallMs, feeMinor },
    );
  }

  private pay(lane: string, record: Extract<GateRecord, { type: "payment" }>, wallMs: number): void {
    const { paymentId: id, stayId, method, amountMinor, changeMinor, actor, idempotencyKey: key } = record;
    const tenderedMinor = amountMinor + changeMinor;
    const shiftId = method === "cash" ? SHIFT : null;
    this.rows.payments.push({
      id,
      stayId,
      lane,
      method,
      amountMinor,
      changeMinor,
      tenderedMinor,
      actor,
      atMs: wallMs,
      key,
      shiftId,
      reference: null,
    });
    const entry = { stayId, method: null, paymentId: null, shiftId, actor, debtor: null, atMs: wallMs };
    const paid = { ...entry, side: "credited", method, paymentId: id } as const;
    const next = (): number => this.rows.ledger.length + 1;
    this.rows.ledger.push({ ...entry, seq: next(), kind: "charge", side: "charged", amountMinor });
    this.rows.ledger.push({ ...paid, seq: next(), kind: "payment", amountMinor: -tenderedMinor });
    if (changeMinor > 0)
      this.rows.ledger.push({ ...paid, seq: next(), kind: "change", amountMinor: changeMinor });
    this.change(stayId, { settledAtMs: wallMs });
    const last = this.rows.receipts.at(-1);
    const text = JSON.stringify({
      number: (last?.number ?? 0) + 1,
      previousHash: last?.hash ?? null,
      amountMinor,
    });
    const hash = createHash("sha256").update(text).digest("hex");
    this.rows.receipts.push({
      number: (last?.number ?? 0) + 1,
      kind: "payment",
      paymentId: id,
      stayId,
      text,
      hash,
    });
  }

  private attempt(lane: string, record: Extract<GateRecord, { type: "attempt" }>): void {
    const { attemptId: id, stayId, amountMinor, status, receipt } = record;
    this.rows.attempts = this.rows.attempts.filter((attempt) => attempt.id !== id);
    this.rows.attempts.push({ id, stayId, lane, amountMinor, status, receipt });
  }

  /** Says something else of a stay. */
  change(stayId: string, changes: Partial<EdgeStay>): void {
    this.rows.stays = this.rows.stays.map((stay) => (stay.id === stayId ? { ...stay, ...changes } : stay));
  }

  edge(): EdgeRows {
    return { ...this.rows, books: this.books() };
  }

  private books(): EdgeRows["books"] {
    const { stays, movements, payments } = this.rows;
    return {
      stays: stays.map(({ id, status, plate, feeMinor }): PlainRow => ({
        stay_id: id,
        status,
        plate,
        fee_minor: feeMinor,
      })),
      movements: movements.map(({ id, direction, kind }): PlainRow => ({ movement_id: id, direction, kind })),
      payments: payments.map(({ id, amountMinor }): PlainRow => ({
        payment_id: id,
        amount_minor: amountMinor,
      })),
      ledger: [],
      receipts: [],
      shifts: [],
      validations: [],
    };
  }
}

export const SHIFT = "shift-1";

/** Headquarters that were told of everything. */
export function cloudOf({ books, inside }: EdgeRows): CloudRows {
  const nothing = { notApplied: [], forks: [], incidents: [], rights: [], transfers: [], commands: [] };
  return { books, inside, wrongAnswers: [], ...nothing };
}
