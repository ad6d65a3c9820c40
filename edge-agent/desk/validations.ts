import type { Refusal } from "@parkme/shared/domain/errors";
import type { StayId } from "@parkme/shared/domain/ids";
import { startOfLocalDayMs } from "@parkme/shared/domain/local-day";
import { ok, type Result } from "@parkme/shared/domain/result";
import type { StayAccount } from "@parkme/shared/domain/stay-account";
import type { Offer } from "./offers.ts";
import { accountOf, type Actor, type DeskParts, nowOf, refused } from "./parts.ts";
import { doneBefore, settle } from "./settling.ts";

/** Merchants' discounts: by name at the desk, by merchants themselves, by a code at the desk or at a lane. */

/** What a code of a merchant says, as the code book has read and proven it. */
export type ValidationCode = { readonly merchant: string; readonly offer: string; readonly serial: string };

type By = { readonly actor: Actor; readonly idempotencyKey: string; readonly place: string };
/** Of a code: it counts once, and was handed out in a number that is a limit by itself. */
type Gift = By & { readonly offer: Offer; readonly serial: string | null };

/** One offer, by name. A merchant's daily limit holds for everybody who gives it. */
export function giveOffer(
  parts: DeskParts,
  id: string,
  { merchant, offer: name }: { readonly merchant: string; readonly offer: string },
  by: By,
): Result<StayAccount, Refusal> {
  const account = accountOf(parts, id);
  if (!account.ok) return account;
  const before = doneBefore(parts, account.value, by.idempotencyKey);
  if (before !== null) return before;
  const offer = parts.offers.find(merchant, name);
  if (offer === null) return refused("unknown_offer", "There is no such offer.");
  if (isUsedUp(parts, offer))
    return refused("daily_limit", "The merchant has given all that it may give today.");
  return give(parts, account.value, { ...by, offer, serial: null });
}

/** The text of a merchant's code, scanned or keyed in at the desk. */
export function giveByCode(parts: DeskParts, id: string, code: string, by: By): Result<StayAccount, Refusal> {
  const account = accountOf(parts, id);
  if (!account.ok) return account;
  const before = doneBefore(parts, account.value, by.idempotencyKey);
  if (before !== null) return before;
  const reading = parts.codes.read(code, parts.clock.wallMs());
  if (reading.kind === "refused") return refused("code_refused", reading.reason);
  if (reading.kind !== "validation") return refused("code_refused", "This is not the code of a merchant.");
  return giveCode(parts, account.value, reading, by);
}

/** A code that a reader of a lane has seen, for the stay that the lane has in hand. */
export function giveAtLane(
  parts: DeskParts,
  stayId: StayId,
  code: ValidationCode,
  lane: string,
): Result<StayAccount, Refusal> {
  const account = accountOf(parts, stayId);
  if (!account.ok) return account;
  return giveCode(parts, account.value, code, {
    actor: lane,
    idempotencyKey: `code ${code.serial} ${stayId}`,
    place: lane,
  });
}

function giveCode(
  parts: DeskParts,
  account: StayAccount,
  { merchant, offer: name, serial }: ValidationCode,
  by: By,
): Result<StayAccount, Refusal> {
  const offer = parts.offers.find(merchant, name);
  if (offer === null) return refused("unknown_offer", "The merchant does not give this any more.");
  return give(parts, account, { ...by, offer, serial });
}

function give(
  parts: DeskParts,
  account: StayAccount,
  { offer, serial, actor, idempotencyKey, place }: Gift,
): Result<StayAccount, Refusal> {
  const { stayId } = account;
  const { merchant, validation } = offer;
  // What cannot be priced any more afterwards would leave nobody able to pay: a plan that the tariff does not have.
  const { value } = validation;
  const plans = parts.tariffs.inForce(parts.clock.wallMs())?.alternativePlans ?? {};
  if (value.kind === "plan" && !Object.hasOwn(plans, value.plan))
    return refused("plan_unknown", "The tariff does not have the plan of this offer.");
  const done = parts.store.giveValidation(
    { stayId, merchant, ...validation, serial, actor, idempotencyKey, place },
    nowOf(parts),
  );
  if (!done.ok) return done;
  parts.log.info({ stay: stayId, merchant, offer: offer.offer, actor }, "validation given");
  return ok(settle(parts, stayId, actor, place));
}

function isUsedUp({ store, clock, facility }: DeskParts, { merchant, dailyLimit }: Offer): boolean {
  if (dailyLimit === null) return false;
  return store.validationsSince(merchant, startOfLocalDayMs(clock.wallMs(), facility.timeZone)) >= dailyLimit;
}
