import type { GateRecord } from "@parkme/shared/domain/gate-record";
import { dueFor, type Site } from "./answers.ts";
import type { Book } from "./book.ts";
import { demand } from "./eyes.ts";
import type { Beat } from "./lane-bench.ts";

/**
 * What an exit opens for and what it takes, watched by what the book says is due, not by what the lane believes. Told
 * of each turn when it is written.
 */
export function createMoneyWatch(book: Book, site: () => Site) {
  return (beats: readonly Beat[]): void => {
    for (const beat of beats) {
      opensForNothingDue(beat, book, site());
      for (const record of beat.records) {
        if (record.type === "payment") takesWhatIsDue(beat, record, book, site());
        chargesInOnePlace(beat, record, book);
      }
    }
  };
}

/** An exit opens for a stay when nothing is due for it, or on somebody's word. */
function opensForNothingDue({ event, before, after, commands, now }: Beat, book: Book, site: Site): void {
  const opens = commands.some(({ action, safety }) => action === "open" && !safety);
  const byWord = event.kind === "vend" || after.state === "HELD_OPEN";
  const again = before.credit !== null || before.unresolved !== null;
  const stayId = after.credit?.stay?.stayId;
  if (!opens || byWord || again || stayId === undefined || after.direction !== "exit") return;
  const booked = book.stays.get(stayId);
  const due = booked === undefined ? null : dueFor(booked, site, now);
  demand(due?.amountMinor === 0, "an exit opens for a stay only when nothing is due for it");
}

/** Edge case 20: no card is asked for and no cash is taken here while a card may be charged in another place. */
function chargesInOnePlace({ after }: Beat, record: GateRecord, book: Book): void {
  const begins = record.type === "attempt" && record.status === "begun";
  const takesCash = record.type === "payment" && record.method === "cash";
  if (!begins && !takesCash) return;
  demand(book.chargedAt(record.stayId) === null, "nobody is charged in two places (edge case 20)");
  demand(after.chargedAt === null, "who waits for another place is asked for nothing");
}

/** A capture that comes after its vehicle was let out is kept, be it too much: it is on record. */
function takesWhatIsDue(
  { event, before, now }: Beat,
  { stayId, quote, reference, method }: Extract<GateRecord, { type: "payment" }>,
  book: Book,
  site: Site,
): void {
  demand((reference !== null) === (method === "card"), "a card payment has the terminal's number");
  const late = event.kind === "terminal" && before.attempt?.attemptId !== event.attemptId;
  demand((quote === null) === late, "what it paid for is known while somebody waits for it");
  const booked = book.stays.get(stayId);
  if (late || booked === undefined) return;
  const total = dueFor(booked, site, now)?.quote.total.amountMinor ?? 0;
  demand(booked.paidMinor <= total, "nobody is charged more than what is due");
}
