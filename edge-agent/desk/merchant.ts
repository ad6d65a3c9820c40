import type { Refusal } from "@parkme/shared/domain/errors";
import { parseTicketNumber, type TicketNumber } from "@parkme/shared/domain/ids";
import { ok, type Result } from "@parkme/shared/domain/result";
import type { StayAccount } from "@parkme/shared/domain/stay-account";
import { type DeskParts, refused } from "./parts.ts";
import { giveOffer } from "./validations.ts";

/** A merchant gives one of its own discounts to the ticket that a customer shows. */
export function validateForMerchant(
  parts: DeskParts,
  {
    merchant,
    ticket,
    offer,
    key,
  }: { readonly merchant: string; readonly ticket: string; readonly offer: string; readonly key: string },
): Result<StayAccount, Refusal> {
  const number = numberOf(parts, ticket);
  if (!number.ok) return number;
  const stay = parts.store.stayByTicket(number.value);
  // Of a vehicle that has left, a merchant learns no more than of one that there never was.
  if (stay === null) return refused("unknown_ticket", "No vehicle is inside with this ticket.");
  const by = { actor: merchant, idempotencyKey: key, place: merchant };
  return giveOffer(parts, stay.stayId, { merchant, offer }, by);
}

/** As it is keyed in, or as the code on the ticket reads. */
function numberOf({ codes, clock }: DeskParts, text: string): Result<TicketNumber, Refusal> {
  const keyedIn = parseTicketNumber(text);
  if (keyedIn !== null) return ok(keyedIn);
  const reading = codes.read(text, clock.wallMs());
  if (reading.kind === "ticket") return ok(reading.number);
  if (reading.kind === "refused") return refused("code_refused", reading.reason);
  return refused("unknown_ticket", "This is not the number of a ticket.");
}
