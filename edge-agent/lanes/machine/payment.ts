import type { Credit, GateRecord, StayInHand, TerminalOutcome } from "@parkme/shared/domain/gate-record";
import type { AttemptId, PaymentId, StayId } from "@parkme/shared/domain/ids";
import { formatDecimal, money } from "@parkme/shared/domain/money";
import type { Attempt, EventOf, Facts, Handler, Lane, Row, Step, StepContext } from "./model.ts";
import { andThen, DONE, enterWaiting, over, raise, refuse, stay, withoutTimer, withTimer } from "./moves.ts";
import { deny, isLeaving, refuseCode, show, waitingCells } from "./approach.ts";
import { nobodyToIdentify } from "./anywhere.ts";
import {
  abandon,
  attemptRecord,
  chase,
  endDoubt,
  giveBack,
  MAX_DECLINES,
  mayCharge,
  NO_ANSWER,
  paidByCard,
  settleAbandoned,
} from "./attempts.ts";
import { BY_MODE, holdOpen } from "./hold.ts";
import { cashTooLate, grant } from "./passage.ts";
import { rest, setMode } from "./rest.ts";

/** A terminal that did not answer may be starting again: with a driver waiting, it is asked this often. */
const ENQUIRE_AGAIN_MS = 5_000;

/** PAYING and PAY_UNKNOWN: what is due is taken once, in cash or by card, and then the arm opens. */

/** The stay in hand with what is due for it; PAYING has both. */
function dueOf(lane: Lane): { inHand: StayInHand; amountMinor: number } {
  const inHand = lane.stay;
  if (inHand === null || inHand.due === null) throw new Error(`${lane.state} without a priced stay`);
  return { inHand, amountMinor: inHand.due.amountMinor };
}

/** Asks for what is due, and the terminal with it where there is one. */
export function askForPayment(lane: Lane, inHand: StayInHand, ctx: StepContext): Step {
  const { stayId } = inHand;
  const paying = enterWaiting(lane, "PAYING", ctx, { stay: inHand, plate: inHand.plate ?? lane.plate });
  const { amountMinor } = dueOf(paying);
  const late = lane.abandoned.find(
    (one) => one.stayId === stayId && one.phase !== "reversing" && one.amountMinor <= amountMinor,
  );
  if (late !== undefined) return takeUpAgain(paying, late, ctx);
  // One that is more than what is due by now is not taken up: it is given back if it comes.
  return charge({ ...giveBack(paying, stayId), display: pleasePay(inHand, "") }, ctx);
}

/**
 * Edge case 20: a card may be charged for this stay at another lane, a pay station or the desk. Nothing is taken here
 * until that is settled, which is told to this lane; and it asks again by itself.
 */
export function waitForCharge(lane: Lane, found: StayInHand, chargedAt: string, ctx: StepContext): Step {
  const trouble = `A card payment of this stay is not settled at ${chargedAt}`;
  return andThen(deny(lane, "A payment is being checked", ctx, { found }), (l) =>
    stay({ ...l, chargedAt, trouble }),
  );
}

/** Who is refused has nothing to pay here, or pays at another place. */
export function cashWhileDenied(lane: Lane, { stayId }: EventOf<"cash">): Step {
  const { chargedAt } = lane;
  if (chargedAt === null || lane.stay?.stayId !== stayId) return cashTooLate(lane);
  const where = `at ${chargedAt}`;
  return refuse(
    lane,
    "card_in_doubt",
    `A card may have been charged for this stay ${where}. Nothing was taken.`,
  );
}

function pleasePay({ due }: StayInHand, how: string): string {
  const currency = due?.quote?.total.currency;
  if (due === null || currency === undefined) throw new Error("payment asked for a stay without a quote");
  return `Please pay ${formatDecimal(money(due.amountMinor, currency))} ${currency}${how}`;
}

/** The vehicle is back while its last payment is not settled: that is asked about, and nothing new is charged. */
function takeUpAgain(lane: Lane, late: Attempt, ctx: StepContext): Step {
  const abandoned = lane.abandoned.filter(({ attemptId }) => attemptId !== late.attemptId);
  const records = late.phase === "unknown" ? [] : [attemptRecord(late, "unknown", "its vehicle is back")];
  const taken: Lane = { ...lane, abandoned, attempt: { ...late, phase: "unknown", released: false } };
  return andThen(stay(taken, { records }), (l) => doubt(l, ctx));
}

/** Mints an attempt and asks the terminal, if it may be asked now. */
function charge(lane: Lane, ctx: StepContext): Step {
  const { inHand, amountMinor } = dueOf(lane);
  if (lane.attempt !== null || !mayCharge(lane, inHand.stayId, ctx)) return stay(lane);
  const { payMs } = ctx.config.timers;
  const attempt: Attempt = {
    attemptId: ctx.mint.next<AttemptId>(ctx.now.wallMs),
    stayId: inHand.stayId,
    amountMinor,
    phase: "asked",
    receipt: null,
    released: false,
  };
  const { attemptId } = attempt;
  const deadlineMs = ctx.now.monotonicMs + payMs;
  return stay(withTimer({ ...lane, attempt, display: pleasePay(inHand, "") }, "pay", payMs, ctx), {
    records: [attemptRecord(attempt, "begun", "")],
    orders: [{ kind: "authorise", attemptId, amountMinor, deadlineMs }],
  });
}

function creditFor(inHand: StayInHand, plate: string | null): Credit {
  return { kind: "stay", stay: inHand, plate, countsAtGrant: null };
}

/** The attempt is over without a charge. */
function withoutAttempt(lane: Lane): Step {
  const free = { ...lane, attempt: null, review: null };
  return endDoubt(lane.abandoned.length === 0 ? withoutTimer(free, "pay") : free);
}

function terminalAnswers(lane: Lane, event: EventOf<"terminal">, ctx: StepContext): Step {
  const { attempt } = lane;
  if (attempt !== null && attempt.attemptId === event.attemptId)
    return settleAttempt(lane, attempt, event.outcome, ctx);
  // The terminal is free again, or the money of the same driver is on its way back.
  const settled = settleAbandoned(lane, event, ctx);
  return lane.state === "PAYING" && settled.lane.abandoned.length < lane.abandoned.length
    ? andThen(settled, (l) => charge(l, ctx))
    : settled;
}

function settleAttempt(lane: Lane, attempt: Attempt, outcome: TerminalOutcome, ctx: StepContext): Step {
  switch (outcome.kind) {
    case "approved":
      return approved(lane, attempt, outcome, ctx);
    case "declined":
      return declined(lane, attempt, outcome.reason, ctx);
    case "refused":
    case "reversed":
      return notCharged(lane, attempt, outcome, ctx);
    case "unknown": {
      const told = attempt.phase === "unknown" ? [] : [attemptRecord(attempt, "unknown", outcome.reason)];
      return andThen(stay(lane, { records: told }), (l) =>
        andThen(inDoubt(l, outcome.reason), (d) => (d.state === "PAYING" ? doubt(d, ctx) : stay(d))),
      );
    }
    default:
      return outcome satisfies never;
  }
}

/** A person should know, of the terminal and of the stay. */
function inDoubt(lane: Lane, reason: string): Step {
  const { inHand } = dueOf(lane);
  const told = lane.review === "paid_in_doubt";
  const review = { type: "stay_review", stayId: inHand.stayId, review: "paid_in_doubt" } as const;
  return andThen(raise(lane, "payment_in_doubt", reason), (l) =>
    stay({ ...l, review: "paid_in_doubt" }, { records: told ? [] : [review] }),
  );
}

/** Paid: written down, and then the arm opens. A fee that has grown meanwhile leaves the rest to pay. */
function approved(
  lane: Lane,
  attempt: Attempt,
  outcome: Extract<TerminalOutcome, { kind: "approved" }>,
  ctx: StepContext,
): Step {
  const { inHand, amountMinor } = dueOf(lane);
  const records = paidByCard(attempt, outcome, inHand.due?.quote ?? null, ctx);
  return andThen(withoutAttempt(lane), (l) => {
    const restMinor = amountMinor - attempt.amountMinor;
    if (restMinor <= 0) return grant(l, creditFor(inHand, l.plate), records, ctx);
    const quote = inHand.due?.quote ?? null;
    const owing = { ...inHand, due: { quote, amountMinor: restMinor } };
    return andThen(stay(l, { records }), (p) => askForPayment(p, owing, ctx));
  });
}

function declined(lane: Lane, attempt: Attempt, reason: string, ctx: StepContext): Step {
  const { inHand } = dueOf(lane);
  const records = [attemptRecord(attempt, "declined", reason)];
  return andThen(stay({ ...lane, declines: lane.declines + 1 }, { records }), (l) => {
    if (l.declines >= MAX_DECLINES) return payAtDesk(l, ctx);
    if (l.state === "PAY_UNKNOWN") return andThen(withoutAttempt(l), (p) => askForPayment(p, inHand, ctx));
    const why = `Card declined: ${reason}`;
    return andThen(withoutAttempt(l), (p) => deny(p, why, ctx, { found: inHand }));
  });
}

/** Nothing was charged, and the terminal does not want to: it is not asked again for this vehicle by itself. */
function notCharged(
  lane: Lane,
  attempt: Attempt,
  outcome: Extract<TerminalOutcome, { kind: "refused" | "reversed" }>,
  ctx: StepContext,
): Step {
  const detail = outcome.kind === "refused" ? outcome.reason : "";
  const records = [attemptRecord(attempt, outcome.kind, detail)];
  const { inHand } = dueOf(lane);
  return andThen(stay({ ...lane, declines: lane.declines + 1 }, { records }), (l) =>
    l.state === "PAY_UNKNOWN"
      ? andThen(withoutAttempt(l), (p) => askForPayment(p, inHand, ctx))
      : payAtDesk(l, ctx),
  );
}

/** PAYING without the terminal: cash, or an attendant. */
function payAtDesk(lane: Lane, ctx: StepContext): Step {
  const { inHand } = dueOf(lane);
  return andThen(withoutAttempt(lane), (l) => {
    if (l.mode === "held_open") return holdOpen(l, BY_MODE, ctx);
    return stay(enterWaiting(l, "PAYING", ctx, { display: pleasePay(inHand, " at the desk") }));
  });
}

/** Edge case 20: the terminal is asked what became of the charge, and nothing else is charged meanwhile. */
function doubt(lane: Lane, ctx: StepContext): Step {
  const { attempt } = lane;
  if (attempt === null) throw new Error("doubt about no payment");
  const { attemptId, amountMinor } = attempt;
  const unknown = enterWaiting(lane, "PAY_UNKNOWN", ctx, {
    attempt: { ...attempt, phase: "unknown" },
    display: "Please wait. Your payment is being checked",
    trouble: "The terminal does not say whether the card was charged",
  });
  const againMs = Math.min(ctx.config.timers.payMs, ENQUIRE_AGAIN_MS);
  return stay(withTimer(unknown, "pay", againMs, ctx), {
    orders: [{ kind: "enquire", attemptId, amountMinor }],
  });
}

/** No answer of the terminal in time. */
function payOverdue(lane: Lane, event: EventOf<"pay_due">, ctx: StepContext): Step {
  const { attempt } = lane;
  return andThen(chase(lane, event, ctx), (l) => {
    if (attempt === null) return stay(l);
    const told = attempt.phase === "unknown" ? [] : [attemptRecord(attempt, "unknown", NO_ANSWER)];
    return andThen(stay(l, { records: told }), (t) => doubt(t, ctx));
  });
}

/** Asked, and still no answer: a person should know. It is asked again until there is one. */
function stillInDoubt(lane: Lane, event: EventOf<"pay_due">, ctx: StepContext): Step {
  return andThen(inDoubt(lane, NO_ANSWER), (l) => payOverdue(l, event, ctx));
}

/** Row 5, with money on its way: the payment is given up, and given back if it comes after all. */
function leavesUnpaid(lane: Lane, _event: object, ctx: StepContext): Step {
  if (lane.inputs.safety !== "off") return stay(lane);
  return andThen(abandon(lane, false, ctx), (l) => rest({ ...l, reads: [] }, ctx));
}

/** Takes exactly what is due, for exactly the stay the attendant saw; the rest is change. */
function takeCash(lane: Lane, event: EventOf<"cash">, ctx: StepContext): Step {
  const { inHand, amountMinor } = dueOf(lane);
  if (inHand.stayId !== event.stayId)
    return refuse(lane, "other_stay", "Another vehicle is at the lane now. Nothing was taken.");
  if (lane.attempt !== null) return cardFirst(lane, lane.attempt);
  if (event.amountMinor !== amountMinor)
    return refuse(lane, "fee_changed", "The fee has changed since it was shown. Nothing was taken.");
  if (event.tenderedMinor < amountMinor)
    return refuse(lane, "too_little", "That is less than the fee. Nothing was taken.");
  const paymentId = ctx.mint.next<PaymentId>(ctx.now.wallMs);
  const changeMinor = event.tenderedMinor - amountMinor;
  const payment = {
    type: "payment" as const,
    paymentId,
    stayId: inHand.stayId,
    method: "cash" as const,
    amountMinor,
    changeMinor,
    actor: event.actor,
    idempotencyKey: event.idempotencyKey,
    quote: inHand.due?.quote ?? null,
    reference: null,
  };
  const granted = grant(lane, creditFor(inHand, lane.plate), [payment], ctx);
  return { ...granted, reply: { ok: true, payment: { paymentId, changeMinor } } };
}

/** Never two payments at once: the terminal gives up first, and then cash is taken, and no card any more. */
function cardFirst(lane: Lane, attempt: Attempt): Step {
  const message = "The card terminal is still busy with this payment and was told to stop. Try again.";
  const refused = refuse(lane, "card_under_way", message);
  if (attempt.phase !== "asked") return refused;
  const aborting: Attempt = { ...attempt, phase: "aborting" };
  return {
    ...refused,
    lane: { ...lane, attempt: aborting, declines: MAX_DECLINES },
    orders: [{ kind: "abort", attemptId: attempt.attemptId }],
  };
}

const cashInDoubt = (lane: Lane): Step =>
  refuse(lane, "payment_in_doubt", "The card may have been charged already. Nothing was taken.");

/** A terminal that works again is asked at once. */
function terminalHealth(lane: Lane, { device, ok, reason }: EventOf<"device">, ctx: StepContext): Step {
  if (!ok) return raise(lane, device, reason);
  return andThen(over(lane, device), (l) => (device === "terminal" ? charge(l, ctx) : stay(l)));
}

/** Another permit or ticket decides anew, but not while a card is being charged. */
function showWhilePaying(lane: Lane, event: EventOf<"credential">, ctx: StepContext): Step {
  return lane.attempt === null ? show(lane, event, ctx) : stay(lane);
}

function modeWhilePaying(lane: Lane, event: EventOf<"mode">, ctx: StepContext): Step {
  return andThen(setMode(lane, event), (l) =>
    event.mode === "held_open" && l.attempt === null ? holdOpen(l, BY_MODE, ctx) : stay(l),
  );
}

/** Somebody paid for the stay at the arm, validated it or amended it: what is due is asked anew, and then judged. */
function dueChangedWhilePaying(lane: Lane, { stayId }: EventOf<"due_changed">): Step {
  return lane.stay?.stayId === stayId ? askAnew(lane, stayId) : stay(lane);
}

function askAnew(lane: Lane, stayId: StayId): Step {
  const { direction, plate, credential } = lane;
  return stay(lane, { request: { purpose: "decide", direction, stayId, plate, credential } });
}

/**
 * Edge cases 20 and 21: what is due by now, while a card may be charged for it. A charge of no more than that goes on:
 * what it leaves is asked for afterwards. One of more is given up, and given back if it comes all the same.
 */
export function settleFirst(decide: Handler<"facts">): Handler<"facts"> {
  return (lane, event, ctx) => {
    const { attempt } = lane;
    if (attempt === null) return decide(lane, event, ctx);
    const inHand = stillOwing(event.facts, attempt);
    if (inHand === null) return andThen(abandon(lane, false, ctx), (l) => decide(l, event, ctx));
    const display = lane.state === "PAYING" ? pleasePay(inHand, "") : lane.display;
    return stay({ ...lane, stay: inHand, display });
  };
}

/** The stay of this charge, if at least as much is due for it. */
function stillOwing(facts: Facts, { stayId, amountMinor }: Attempt): StayInHand | null {
  if (facts.direction !== "exit" || facts.match.kind !== "one") return null;
  const { stay: found } = facts.match;
  const owes = found.stayId === stayId && found.due !== null && found.due.amountMinor >= amountMinor;
  return owes ? found : null;
}

/** The charge for a stay that is another vehicle's is given up before the right one is asked for. */
function identifyWhilePaying(lane: Lane, event: EventOf<"identify">, ctx: StepContext): Step {
  if (isLeaving(lane)) return nobodyToIdentify(lane);
  const { stayId, actor, reason } = event;
  if (lane.stay?.stayId === stayId) {
    const records: GateRecord[] = [{ type: "identified", stayId, actor, reason }];
    return stay({ ...lane, chosen: { stayId, by: null } }, { records, reply: DONE });
  }
  return andThen(abandon(lane, false, ctx), (l) => {
    const told: Lane = { ...l, chosen: { stayId, by: { actor, reason } }, declines: 0, review: null };
    return { ...askAnew(told, stayId), reply: DONE };
  });
}

function codeWhilePaying(lane: Lane, event: EventOf<"code_refused">): Step {
  const { inHand } = dueOf(lane);
  return isLeaving(lane) ? stay(lane) : refuseCode(lane, event, `${event.reason}. ${pleasePay(inHand, "")}`);
}

const payCells = {
  ...waitingCells,
  read_due: "unexpected",
  back_due: leavesUnpaid,
  terminal: terminalAnswers,
  due_changed: dueChangedWhilePaying,
  identify: identifyWhilePaying,
} as const satisfies Partial<Row>;

/** Without the vend and the facts, which are the exit's. */
export const paymentRows = {
  PAYING: {
    ...payCells,
    pay_due: payOverdue,
    cash: takeCash,
    credential: showWhilePaying,
    code_refused: codeWhilePaying,
    device: terminalHealth,
    mode: modeWhilePaying,
  },
  PAY_UNKNOWN: { ...payCells, pay_due: stillInDoubt, cash: cashInDoubt },
} as const satisfies Record<"PAYING" | "PAY_UNKNOWN", Omit<Row, "vend" | "facts">>;
