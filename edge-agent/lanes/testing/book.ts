import type { Credit, GateRecord, StayInHand } from "@parkme/shared/domain/gate-record";
import type { StayId } from "@parkme/shared/domain/ids";
import { plateShape } from "@parkme/shared/domain/plate";
import type { ReviewReason, StayStatus } from "@parkme/shared/domain/stay";
import type { FactSources } from "../facts.ts";

/** What the book knows of one stay. */
export type BookedStay = {
  readonly stay: StayInHand;
  status: StayStatus;
  review: ReviewReason | null;
  paidMinor: number;
};

/**
 * The gate's memory without a disk: answers what lanes ask, and throws on records that contradict one another,
 * because no order of events may ever produce them.
 */
export function createBook() {
  const stays = new Map<StayId, BookedStay>();
  let inside = 0;

  function known(stayId: StayId, what: string): BookedStay {
    const found = stays.get(stayId);
    if (found === undefined) throw new Error(`${what} of a stay that never began`);
    return found;
  }

  function move(record: Extract<GateRecord, { type: "movement" }>): void {
    inside += record.direction === "in" ? 1 : -1;
    if (record.stayId === null) return;
    const found = known(record.stayId, "a movement");
    const from: readonly StayStatus[] = record.direction === "in" ? ["provisional"] : ["open"];
    if (!from.includes(found.status))
      throw new Error(`moved ${record.direction} though its stay was ${found.status}`);
    found.status = record.direction === "in" ? "open" : "closed";
    if (record.direction === "in") found.review = record.review;
  }

  const source: FactSources["store"] = {
    inside: () => Math.max(0, inside),
    admitted: () =>
      [...stays.values()].filter(({ status, review }) => status === "provisional" && review === null).length,
    insideLike: (plate) =>
      [...stays.values()]
        .filter(({ stay, status }) => {
          if (status !== "provisional" && status !== "open") return false;
          return stay.plate !== null && plateShape(stay.plate) === plateShape(plate);
        })
        .map(({ stay, status, review, paidMinor }) => ({
          stayId: stay.stayId,
          ticketNumber: stay.ticketNumber,
          plate: stay.plate ?? plate,
          entryWallMs: stay.entryWallMs,
          status: status === "open" ? ("open" as const) : ("provisional" as const),
          paidMinor,
          missedExit: review === "missed_exit",
        }))
        .toReversed(),
  };

  return {
    source,
    stays,
    inside: (): number => inside,
    /** A vehicle that came in before the story begins. */
    parked: (stay: StayInHand): void => {
      stays.set(stay.stayId, { stay, status: stay.status, review: null, paidMinor: 0 });
      if (stay.status === "open") inside += 1;
    },
    write: (record: GateRecord): void => {
      switch (record.type) {
        case "stay_started":
          if (stays.has(record.stay.stayId)) throw new Error("a stay began twice");
          stays.set(record.stay.stayId, {
            stay: record.stay,
            status: "provisional",
            review: null,
            paidMinor: 0,
          });
          return;
        case "stay_voided": {
          const found = known(record.stayId, "the void");
          if (found.status !== "provisional") throw new Error(`voided though it was ${found.status}`);
          found.status = "void";
          return;
        }
        case "stay_review": {
          const found = known(record.stayId, "the review");
          if (found.status !== "provisional" && found.status !== "open")
            throw new Error(`put up for review though it was ${found.status}`);
          found.review = record.review;
          return;
        }
        case "payment":
          known(record.stayId, "the payment").paidMinor += record.amountMinor;
          return;
        case "movement":
          return move(record);
        case "vend":
        case "reset":
        case "alarm":
          return;
        default:
          return record satisfies never;
      }
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
