import type { AlarmKind } from "@parkme/shared/domain/alarm";
import type { Credential } from "@parkme/shared/domain/credential";
import type { Credit, GateRecord, StayInHand } from "@parkme/shared/domain/gate-record";
import type { StayId } from "@parkme/shared/domain/ids";
import type { ReviewReason, StayStatus } from "@parkme/shared/domain/stay";
import type { Attempt } from "../machine/model.ts";
import { createAlarmLedger, createMoneyLedger, createTicketLedger } from "./ledgers.ts";

/** What the book knows of one stay. */
export type BookedStay = {
  readonly stay: StayInHand;
  readonly credential: Credential | null;
  status: StayStatus;
  review: ReviewReason | null;
  paidMinor: number;
  /** What validations took off, below zero, or penalties put on. */
  adjustedMinor: number;
  /** What it cost when it left; null while it has not, or nobody knows. */
  costMinor: number | null;
};

type RecordOf<T extends GateRecord["type"]> = Extract<GateRecord, { type: T }>;

/** Stays as they begin, move and end, and the counts that go with that. */
function createStayLedger() {
  const unpaid = { review: null, paidMinor: 0, adjustedMinor: 0, costMinor: null } as const;
  const stays = new Map<StayId, BookedStay>();
  const zones = new Map<string, number>();
  let inside = 0;

  function known(stayId: StayId, what: string): BookedStay {
    const found = stays.get(stayId);
    if (found === undefined) throw new Error(`${what} of a stay that never began`);
    return found;
  }

  return {
    stays,
    known,
    inside: (): number => inside,
    inZone: (zone: string): number => zones.get(zone) ?? 0,
    park: (stay: StayInHand, credential: Credential | null): void => {
      stays.set(stay.stayId, { stay, credential, status: stay.status, ...unpaid });
      if (stay.status === "open") inside += 1;
    },
    begin: ({ stay, credential }: RecordOf<"stay_started">): void => {
      if (stays.has(stay.stayId)) throw new Error("a stay began twice");
      stays.set(stay.stayId, { stay, credential, status: stay.status, ...unpaid });
    },
    move: (record: RecordOf<"movement">): void => {
      for (const { zone, by } of record.zones) zones.set(zone, (zones.get(zone) ?? 0) + by);
      const found = record.stayId === null ? null : known(record.stayId, "a movement");
      if (record.scope === "zone") return;
      inside += record.direction === "in" ? 1 : -1;
      if (found === null) return;
      const from: StayStatus = record.direction === "in" ? "provisional" : "open";
      if (found.status !== from)
        throw new Error(`moved ${record.direction} though its stay was ${found.status}`);
      found.status = record.direction === "in" ? "open" : "closed";
      if (record.direction === "in") found.review = record.review;
      else found.costMinor = record.quote?.total.amountMinor ?? null;
    },
    void: ({ stayId }: RecordOf<"stay_voided">): void => {
      const found = known(stayId, "the void");
      if (found.status !== "provisional") throw new Error(`voided though it was ${found.status}`);
      found.status = "void";
    },
    review: ({ stayId, review }: RecordOf<"stay_review">): void => {
      const found = known(stayId, "the review");
      if (found.status !== "provisional" && found.status !== "open")
        throw new Error(`put up for review though it was ${found.status}`);
      found.review = review;
    },
  };
}

/** The place beside the lane of a test that takes cards for its stays. */
const ELSEWHERE = "lobby";

/** Card payments at another place that are not settled, one for a stay. That place looks before it asks for a card. */
function createElsewhere(
  isOpenHere: (stayId: StayId) => boolean,
  known: ReturnType<typeof createStayLedger>["known"],
) {
  const open = new Map<StayId, number>();
  return {
    /** Another place where a card may be charged for this stay; null = nowhere. */
    chargedAt: (stayId: StayId): string | null => (open.has(stayId) ? ELSEWHERE : null),
    /** False where that place would not ask for a card. */
    chargeElsewhere: (stayId: StayId, amountMinor: number): boolean => {
      if (amountMinor <= 0 || open.has(stayId) || isOpenHere(stayId)) return false;
      open.set(stayId, amountMinor);
      return true;
    },
    /** The card was charged there, or was not. False where none was asked for. */
    settleElsewhere: (stayId: StayId, isCharged: boolean): boolean => {
      const amountMinor = open.get(stayId);
      if (amountMinor !== undefined && isCharged) known(stayId, "a payment").paidMinor += amountMinor;
      return open.delete(stayId);
    },
  };
}

/**
 * The gate's memory without a disk: keeps what lanes write, and throws on records that contradict one another,
 * because no order of events may ever produce them.
 */
export function createBook() {
  const ledger = createStayLedger();
  const money = createMoneyLedger();
  const tickets = createTicketLedger();
  const alarms = createAlarmLedger();
  const elsewhere = createElsewhere(money.isOpen, ledger.known);
  const { stays } = ledger;

  function write(record: GateRecord): void {
    switch (record.type) {
      case "stay_started":
        return ledger.begin(record);
      case "stay_voided":
        return ledger.void(record);
      case "stay_review":
        return ledger.review(record);
      case "movement":
        return ledger.move(record);
      case "payment":
        ledger.known(record.stayId, "the payment").paidMinor += record.amountMinor;
        return money.pay(record);
      case "attempt":
        ledger.known(record.stayId, "a card payment");
        return money.attempt(record);
      case "ticket":
        ledger.known(record.stayId, "the ticket");
        return tickets(record);
      case "alarm":
      case "alarm_over":
        return alarms.write(record);
      case "identified":
        ledger.known(record.stayId, "the word on a vehicle");
        return;
      case "vend":
      case "reset":
      case "hold":
      case "turned":
        return;
      default:
        return record satisfies never;
    }
  }

  return {
    ...elsewhere,
    write,
    stays,
    attempts: money.attempts,
    inside: ledger.inside,
    inZone: ledger.inZone,
    /** Lasting alarms that have not ended. */
    alarms: (): readonly AlarmKind[] => alarms.open(),
    /** A vehicle that came in before the story begins. */
    parked: (stay: StayInHand, credential: Credential | null = null): void => ledger.park(stay, credential),
    /** Card payments whose end is not written: what a restarted lane asks the terminal about. */
    openAttempts: (): Attempt[] =>
      money.open((stayId) => {
        const { status, paidMinor, costMinor } = ledger.known(stayId, "a card payment");
        return status === "closed" && paidMinor >= (costMinor ?? 0);
      }),
    /** Paid on foot, at a desk or from afar; or validated, or given a penalty. */
    changeDue: (stayId: StayId, change: { readonly paid?: number; readonly adjusted?: number }): void => {
      const found = ledger.known(stayId, "a change of what is due");
      found.paidMinor += change.paid ?? 0;
      found.adjustedMinor += change.adjusted ?? 0;
    },
    /** Stays nobody knows the end of, other than the one whose credit is still held: there must be none. */
    forgotten: (held: Credit | null): BookedStay[] =>
      [...stays.values()].filter(
        ({ stay, status, review }) =>
          status === "provisional" && review === null && stay.stayId !== held?.stay?.stayId,
      ),
  };
}

export type Book = ReturnType<typeof createBook>;
