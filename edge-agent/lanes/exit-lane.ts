import type { Credit, StayInHand } from "@parkme/shared/domain/gate-record";
import type { PaymentId } from "@parkme/shared/domain/ids";
import { formatDecimal, money } from "@parkme/shared/domain/money";
import type { EventOf, Lane, LaneTable, Step, StepContext } from "./machine/model.ts";
import { armedCells, decidingCells, deniedCells, deny, idleRow, waitingCells } from "./machine/approach.ts";
import { enterWaiting, refuse, stay } from "./machine/moves.ts";
import { grant, passageRows } from "./machine/passage.ts";
import { readsOf } from "./machine/reads.ts";
import { recoveryRows, vendAtFault, vendWith } from "./machine/recovery.ts";

/** The exit lane: a vehicle is let out when its stay is found and nothing is due any more. */

const CALL = "Please call the attendant";

function decide(lane: Lane, event: EventOf<"facts">, ctx: StepContext): Step {
  const { facts } = event;
  if (facts.direction !== "exit") throw new Error("an exit lane was given an entry's facts");
  const { match } = facts;
  if (match.kind === "none") return deny(lane, `No stay found for ${facts.plate}. ${CALL}`, ctx);
  if (match.kind === "several") return deny(lane, `More than one stay fits ${facts.plate}. ${CALL}`, ctx);
  if (match.stay.due === null) return deny(lane, facts.pricingRefusal ?? CALL, ctx, match.stay);
  return match.stay.due.amountMinor === 0
    ? grant(lane, creditFor(match.stay, facts.plate), [], ctx)
    : askForPayment(lane, match.stay, ctx);
}

function askForPayment(lane: Lane, inHand: StayInHand, ctx: StepContext): Step {
  const total = inHand.due?.quote.total;
  if (total === undefined) throw new Error("payment asked for a stay without a quote");
  const due = money(inHand.due?.amountMinor ?? 0, total.currency);
  const display = `Please pay ${formatDecimal(due)} ${due.currency}`;
  return stay(enterWaiting(lane, "PAYING", ctx, { stay: inHand, plate: inHand.plate, display }));
}

function creditFor(inHand: StayInHand, plate: string | null): Credit {
  return { kind: "stay", stay: inHand, plate, countsAtGrant: null };
}

/** Takes exactly what is due, for exactly the stay the attendant saw; the rest is change. */
function takeCash(lane: Lane, event: EventOf<"cash">, ctx: StepContext): Step {
  const inHand = lane.stay;
  if (inHand === null || inHand.due === null) throw new Error("PAYING without a priced stay");
  if (inHand.stayId !== event.stayId) {
    return refuse(lane, "other_stay", "Another vehicle is at the lane now. Nothing was taken.");
  }
  const { amountMinor } = inHand.due;
  if (event.amountMinor !== amountMinor) {
    return refuse(lane, "fee_changed", "The fee has changed since it was shown. Nothing was taken.");
  }
  if (event.tenderedMinor < amountMinor)
    return refuse(lane, "too_little", "That is less than the fee. Nothing was taken.");
  const paymentId = ctx.mint.next<PaymentId>(ctx.now.wallMs);
  const payment = {
    type: "payment" as const,
    paymentId,
    stayId: inHand.stayId,
    method: "cash" as const,
    amountMinor,
    changeMinor: event.tenderedMinor - amountMinor,
    actor: event.actor,
    idempotencyKey: event.idempotencyKey,
  };
  const granted = grant(lane, creditFor(inHand, lane.plate), [payment], ctx);
  return { ...granted, reply: { ok: true, payment: { paymentId, changeMinor: payment.changeMinor } } };
}

/** Lets a vehicle out by hand. If its stay was found, the stay ends here, paid or not. */
function vend(lane: Lane, event: EventOf<"vend">, ctx: StepContext): Step {
  const plate = lane.plate ?? ctx.vote(readsOf(lane, ctx), true);
  return vendWith(lane, { kind: "vend", stay: lane.stay, plate, countsAtGrant: null }, [], event, ctx);
}

export const exitLane = {
  ...passageRows,
  ...recoveryRows,
  IDLE: idleRow,
  ARMED: { ...armedCells, vend },
  DECIDING: { ...decidingCells, facts: decide },
  DENIED: { ...deniedCells, vend },
  FAULT: { ...recoveryRows.FAULT, vend: vendAtFault(vend) },
  PAYING: { ...waitingCells, read_due: "unexpected", cash: takeCash, vend },
} as const satisfies LaneTable;
