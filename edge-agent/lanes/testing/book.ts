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
};

type RecordOf<T extends GateRecord["type"]> = Extract<GateRecord, { type: T }>;

/** Stays as they begin, move and end, and the counts that go with that. */
function createStayLedger() {
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
      stays.set(stay.stayId, { stay, credential, status: stay.status, review: null, paidMinor: 0 });
      if (stay.status === "open") inside += 1;
    },
    begin: ({ stay, credential }: RecordOf<"stay_started">): void => {
      if (stays.has(stay.stayId)) throw new Error("a stay began twice");
      stays.set(stay.stayId, { stay, credential, status: stay.status, review: null, paidMinor: 0 });
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

/**
 * The gate's memory without a disk: keeps what lanes write, and throws on records that contradict one another,
 * because no order of events may ever produce them.
 */
export function createBook() {
  const ledger = createStayLedger();
  const money = createMoneyLedger();
  const tickets = createTicketLedger();
  const alarms = createAlarmLedger();
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
    openAttempts: (): Attempt[] => money.open((stayId) => stays.get(stayId)?.status),
    /** Stays nobody knows the end of, other than the one whose credit is still held: there must be none. */
    forgotten: (held: Credit | null): BookedStay[] =>
      [...stays.values()].filter(
        ({ stay, status, review }) =>
          status === "provisional" && review === null && stay.stayId !== held?.stay?.stayId,
      ),
  };
}

export type Book = ReturnType<typeof createBook>;
