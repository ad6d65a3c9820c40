import type { Now } from "@parkme/shared/domain/clock";
import { credentialOf } from "@parkme/shared/domain/credential";
import type { Refusal } from "@parkme/shared/domain/errors";
import { parseTicketNumber, type StayId, type TicketNumber } from "@parkme/shared/domain/ids";
import { normalisePlate } from "@parkme/shared/domain/plate";
import type { Due } from "@parkme/shared/pricing/due";
import type { PricingRefusal } from "@parkme/shared/pricing/quote-model";
import type { Result } from "@parkme/shared/domain/result";
import type { StayAccount } from "@parkme/shared/domain/stay-account";
import { twoLines } from "../gate/two-lines.ts";
import type { Store } from "../store/store.ts";
import type { CodeBook, TicketReading, ValidationReading } from "../tickets/code-book.ts";
import type { Found, LookUp, Lines, Shown } from "./machine/model.ts";

/** What a pay station asks of the rest of the agent. */
export type LookUpSources = {
  readonly store: Pick<
    Store,
    | "stayByTicket"
    | "insideLike"
    | "insideWith"
    | "insideUnder"
    | "ticketState"
    | "stayAccount"
    | "openAttemptsOf"
  >;
  readonly due: (account: StayAccount, nowMs: number) => Result<Due, PricingRefusal>;
  readonly codes: Pick<CodeBook, "read">;
  /** Gives a merchant's discount to a stay. */
  readonly validate: (stayId: StayId, code: ValidationReading, place: string) => Result<unknown, Refusal>;
  /** Makes a stay again of a genuine ticket that the store has lost; null where that cannot be. */
  readonly recover: (ticket: TicketReading, place: string) => StayId | null;
};

const NOT_KNOWN: Lines = ["Ticket not known", "Please ask for help"];
const TICKET_FIRST: Lines = ["Show your ticket", "first, then this"];
const NOT_NEEDED: Lines = ["Nothing to pay", "Keep your voucher"];
const CANNOT_PRICE: Lines = ["No price known now", "Pay at the desk"];
const BEING_CHECKED: Lines = ["A card payment is", "being checked"];
const SEVERAL: Lines = ["Several fit this", "Pay at the desk"];
const USED: Lines = ["This ticket has", "been used"];
const VOID: Lines = ["This ticket is void", "Pay at the desk"];

/**
 * Finds out what stands behind something that was shown at a pay station: a ticket, signed or keyed in, a merchant's
 * code for the stay in hand, a card, or a plate. Gives the discount of a merchant's code as it goes.
 */
export function lookUp({ shown, stayId }: LookUp, place: string, now: Now, sources: LookUpSources): Found {
  const reading = shown.medium === "card" ? OTHER : sources.codes.read(shown.text, now.wallMs);
  switch (reading.kind) {
    case "refused":
      return { kind: "refused", lines: twoLines(reading.reason), goOn: stayId !== null };
    case "validation":
      return voucher(reading, stayId, place, now, sources);
    case "ticket": {
      const inside = sources.store.stayByTicket(reading.number)?.stayId ?? null;
      const found = inside ?? (reading.known ? null : sources.recover(reading, place));
      return found === null ? refused(NOT_KNOWN) : priced(found, false, place, now, sources);
    }
    case "other": {
      const found = staysOf(shown, sources);
      if (found.kind === "refused") return found;
      return priced(found.stayId, false, place, now, sources);
    }
    default:
      return reading satisfies never;
  }
}

const OTHER = { kind: "other" } as const;

function refused(lines: Lines, goOn = false): Extract<Found, { kind: "refused" }> {
  return { kind: "refused", lines, goOn };
}

function voucher(
  reading: ValidationReading,
  stayId: StayId | null,
  place: string,
  now: Now,
  sources: LookUpSources,
): Found {
  if (stayId === null) return refused(TICKET_FIRST);
  const before = priced(stayId, true, place, now, sources);
  if (before.kind === "refused") return before;
  if (before.amountMinor === 0) return refused(NOT_NEEDED);
  const given = sources.validate(stayId, reading, place);
  if (!given.ok) return refused(twoLines(given.error.message), true);
  return priced(stayId, true, place, now, sources);
}

type Stay = { readonly kind: "stay"; readonly stayId: StayId } | Extract<Found, { kind: "refused" }>;

/** By a ticket's number, a card or code that was shown at the entry, or a plate. */
function staysOf({ medium, text }: Shown, { store }: LookUpSources): Stay {
  const number = medium === "code" ? parseTicketNumber(text) : null;
  if (number !== null) return byNumber(number, store);
  const credential = credentialOf(medium, text);
  if (credential === null) return refused(NOT_KNOWN);
  const plate = medium === "code" ? normalisePlate(text) : null;
  const exact = plate === null ? [] : store.insideLike(plate).filter((stay) => stay.plate === plate);
  const all = [
    ...store.insideWith(credential),
    ...store.insideUnder(credential).map(({ stay }) => stay),
    ...exact,
  ];
  const [one, ...others] = new Set(all.filter(({ missedExit }) => !missedExit).map(({ stayId }) => stayId));
  if (one === undefined) return refused(NOT_KNOWN);
  return others.length === 0 ? { kind: "stay", stayId: one } : refused(SEVERAL);
}

function byNumber(number: TicketNumber, store: LookUpSources["store"]): Stay {
  const inside = store.stayByTicket(number);
  if (inside !== null) return { kind: "stay", stayId: inside.stayId };
  switch (store.ticketState(number)) {
    case "spent":
      return refused(USED);
    case "void":
      return refused(VOID);
    case "live":
    case "unknown":
      return refused(NOT_KNOWN);
  }
}

function priced(
  stayId: StayId,
  isVoucher: boolean,
  place: string,
  now: Now,
  { store, due }: LookUpSources,
): Found {
  const account = store.stayAccount(stayId);
  if (account === null) return refused(NOT_KNOWN);
  if (account.status === "closed") return refused(USED);
  if (account.status === "void") return refused(VOID);
  // A card that may have been charged elsewhere is not charged here as well (edge case 20).
  if (store.openAttemptsOf(stayId).some(({ lane }) => lane !== place)) return refused(BEING_CHECKED);
  const owed = due(account, now.wallMs);
  if (!owed.ok) return refused(CANNOT_PRICE);
  const { quote, amountMinor, leaveByMs } = owed.value;
  // Of those who owe nothing: whoever has paid has a time to leave, whoever is covered has none.
  const covered = quote.subscriptionUsed && account.creditedMinor <= 0;
  return {
    kind: "stay",
    stayId,
    quote,
    amountMinor,
    leaveByMs: covered ? null : leaveByMs,
    covered,
    voucher: isVoucher,
  };
}
