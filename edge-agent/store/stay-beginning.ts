import { eq } from "drizzle-orm";
import type { Now } from "@parkme/shared/domain/clock";
import { refusal, type Refusal } from "@parkme/shared/domain/errors";
import { asId, type StayId, type TicketNumber } from "@parkme/shared/domain/ids";
import { normalisePlate, plateShape } from "@parkme/shared/domain/plate";
import { err, ok, type Result } from "@parkme/shared/domain/result";
import { createAmendmentWriter, implausibleEntry, plausibleEntry, unusedNumber } from "./amendments.ts";
import { instantOf } from "./log.ts";
import type { By, KeyRefusal } from "./money.ts";
import type { GateDatabase } from "./open.ts";
import type { Done, MoneyParts } from "./payments.ts";
import { stays, tickets } from "./schema.ts";
import { inserter } from "./statements.ts";
import { tariffAt } from "./stay-writers.ts";

/** A vehicle that is inside though nobody saw it come in, as an attendant makes it out. */
export type ManualStay = By & {
  readonly plate: string | null;
  readonly entryWallMs: number;
  readonly idempotencyKey: string;
};
/** A ticket that is rightly signed, and that this database does not know: it was restored, or is another's. */
export type ShownTicket = {
  readonly ticketNumber: TicketNumber;
  readonly entryWallMs: number;
  readonly lane: string;
  readonly plate: string | null;
};
export type Begun = { readonly stayId: StayId; readonly ticketNumber: TicketNumber };
export type BeginRefusal = KeyRefusal | Refusal<"entry_invalid" | "plate_invalid">;
export type RecoverRefusal = Refusal<"ticket_void" | "ticket_spent">;

/** Stays that are begun while their vehicles are inside; each is for a person to look at. */
export function stayBeginning(db: GateDatabase, parts: MoneyParts) {
  const { acts, mint } = parts;
  const begin = insideBeginner(db, parts);
  const amend = createAmendmentWriter(db, parts);
  return {
    /** An exit without an entry: the entry time is the attendant's word. */
    beginManualStay: (stay: ManualStay, { wallMs }: Now): Result<Done<Begun>, BeginRefusal> => {
      const { idempotencyKey, entryWallMs, place: lane } = stay;
      return acts.once(
        { idempotencyKey, act: "manual_stay", stayId: null },
        wallMs,
        (): Result<Begun, BeginRefusal> => {
          if (!plausibleEntry(entryWallMs, wallMs)) return err(implausibleEntry());
          const plate = stay.plate === null ? null : normalisePlate(stay.plate);
          if (plate === null && stay.plate !== null)
            return err(refusal("plate_invalid", "operator", "This is no plate."));
          const begun = { stayId: mint.next<StayId>(wallMs), ticketNumber: unusedNumber(db, mint) };
          begin({ ...begun, plate, entryWallMs, lane }, wallMs);
          const change = { what: "begun_by_hand", before: "", after: instantOf(entryWallMs) } as const;
          amend({ ...stay, stayId: begun.stayId }, change, wallMs);
          return ok(begun);
        },
      );
    },
    /** The stay of a ticket that was shown; begun anew where this database does not know it. */
    recoverStay: (shown: ShownTicket, { wallMs }: Now): Result<Done<Begun>, RecoverRefusal> =>
      db.transaction(
        (): Result<Done<Begun>, RecoverRefusal> => {
          const { ticketNumber, lane, plate } = shown;
          const known = knownTicket(db, ticketNumber);
          if (known !== null) return known;
          const stayId = mint.next<StayId>(wallMs);
          // A clock that stepped back makes the ticket one of the future: nothing can be charged for that.
          const entryWallMs = Math.min(shown.entryWallMs, wallMs);
          begin({ stayId, ticketNumber, plate, entryWallMs, lane }, wallMs);
          return ok({ stayId, ticketNumber, again: false });
        },
        { behavior: "immediate" },
      ),
  };
}

function knownTicket(db: GateDatabase, number: TicketNumber): Result<Done<Begun>, RecoverRefusal> | null {
  const row = db
    .select({ ticket: tickets, status: stays.status })
    .from(tickets)
    .innerJoin(stays, eq(stays.id, tickets.stayId))
    .where(eq(tickets.number, number))
    .get();
  if (row === undefined) return null;
  const { voidedAt, replacedBy, stayId } = row.ticket;
  if (voidedAt !== null || replacedBy !== null || row.status === "void")
    return err(refusal("ticket_void", "operator", "This ticket is void."));
  if (row.status === "closed")
    return err(refusal("ticket_spent", "operator", "The vehicle of this ticket has left."));
  return ok({ stayId: asId<StayId>(stayId), ticketNumber: number, again: true });
}

function insideBeginner(db: GateDatabase, { writeLog }: MoneyParts) {
  const insertStay = inserter(db, stays);
  const insertTicket = inserter(db, tickets);
  const tariff = tariffAt(db);
  return (
    stay: Begun & { readonly plate: string | null; readonly entryWallMs: number; readonly lane: string },
    wallMs: number,
  ): void => {
    const { stayId: id, ticketNumber, plate, entryWallMs, lane } = stay;
    insertStay({
      id,
      status: "open",
      entryLane: lane,
      plate,
      plateShape: plate === null ? null : plateShape(plate),
      entryAt: entryWallMs,
      review: "exit_without_entry",
      ...tariff(entryWallMs),
    });
    insertTicket({ number: ticketNumber, stayId: id, lane, issuedAt: wallMs });
    const its = { stay_id: id, lane } as const;
    const entry = { ticket_number: ticketNumber, plate, entry_at: instantOf(entryWallMs) };
    const begun = { ...its, ...entry, right: null, zone: null, inside: true };
    writeLog({ kind: "stay.started", payload: begun }, wallMs);
    const review = "exit_without_entry" as const;
    writeLog({ kind: "stay.flagged", payload: { ...its, at: instantOf(wallMs), review } }, wallMs);
  };
}
