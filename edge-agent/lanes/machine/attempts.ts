import type { GateRecord, LaneOrder, TerminalOutcome } from "@parkme/shared/domain/gate-record";
import type { Quote } from "@parkme/shared/pricing/quote-model";
import type { PaymentId, StayId } from "@parkme/shared/domain/ids";
import type { AttemptStatus } from "@parkme/shared/domain/stay";
import type { Attempt, EventOf, Lane, Step, StepContext } from "./model.ts";
import { andThen, over, raise, stay, withoutTimer, withTimer } from "./moves.ts";

/** Card payments: what is written of them, and what becomes of those whose vehicle is gone. */

/** So many payments without an answer: no further one is begun until a person has seen to the terminal. */
const MAX_ABANDONED = 8;
/** So often a card is tried for one vehicle, before somebody has to help. */
export const MAX_DECLINES = 3;

export function attemptRecord(
  { attemptId, stayId, amountMinor, receipt }: Attempt,
  status: AttemptStatus,
  detail: string,
  number: string | null = receipt,
): GateRecord {
  return { type: "attempt", attemptId, stayId, amountMinor, status, receipt: number, detail };
}

/**
 * A card payment that was made. Its idempotency key is the attempt: it can be written down only once.
 *
 * @param quote what its stay costs; null when nobody waits for the money any more.
 */
export function paidByCard(
  attempt: Attempt,
  { receipt, card }: Extract<TerminalOutcome, { kind: "approved" }>,
  quote: Quote | null,
  ctx: StepContext,
): GateRecord[] {
  const { attemptId, stayId, amountMinor } = attempt;
  return [
    attemptRecord(attempt, "approved", card, receipt),
    {
      type: "payment",
      paymentId: ctx.mint.next<PaymentId>(ctx.now.wallMs),
      stayId,
      method: "card",
      amountMinor,
      changeMinor: 0,
      actor: "terminal",
      idempotencyKey: attemptId,
      quote,
      reference: receipt,
    },
  ];
}

/**
 * Whether the terminal may be asked to charge for this stay: not while it is busy, and never while an earlier
 * charge for the same stay may still come or has not been given back (edge case 20).
 */
export function mayCharge(lane: Lane, stayId: StayId, ctx: StepContext): boolean {
  const { abandoned, alarms, declines } = lane;
  const busy = abandoned.some(({ phase }) => phase === "asked" || phase === "aborting");
  return (
    ctx.config.terminal &&
    !alarms.includes("terminal") &&
    declines < MAX_DECLINES &&
    abandoned.length < MAX_ABANDONED &&
    !busy &&
    !abandoned.some((attempt) => attempt.stayId === stayId)
  );
}

/**
 * A card payment that was under way when the agent stopped. Whatever became of its vehicle, a charge that is found now
 * pays for its stay: nobody pays twice. Only where the stay has ended and is paid otherwise it is given back.
 */
export function inDoubtAtStart(
  {
    attemptId,
    stayId,
    amountMinor,
    receipt,
    status,
  }: Omit<Attempt, "phase" | "released"> & { readonly status: AttemptStatus },
  paidOtherwise: boolean,
): Attempt {
  const phase = status === "reversing" ? "reversing" : "unknown";
  return { attemptId, stayId, amountMinor, receipt, phase, released: !paidOtherwise };
}

/** The vehicle goes while its card payment is not settled: the terminal is told to give up, and asked later. */
export function abandon(lane: Lane, released: boolean, ctx: StepContext): Step {
  const { attempt } = lane;
  if (attempt === null) return stay(lane);
  const told = attempt.phase === "asked";
  const left: Attempt = { ...attempt, released, phase: told ? "aborting" : attempt.phase };
  const chased = { ...lane, attempt: null, abandoned: [...lane.abandoned, left] };
  const orders: LaneOrder[] =
    attempt.phase === "aborting" ? [] : [{ kind: "abort", attemptId: attempt.attemptId }];
  return stay(withTimer(chased, "pay", ctx.config.timers.payMs, ctx), { orders });
}

/** What is due for this stay was paid otherwise, or will be asked for anew: a charge that still comes is too much. */
export function giveBack(lane: Lane, stayId: StayId): Lane {
  const abandoned = lane.abandoned.map((one) => (one.stayId === stayId ? { ...one, released: false } : one));
  return { ...lane, abandoned };
}

/** The terminal has not answered about payments whose vehicle is gone: it is asked once more. */
export function chase(lane: Lane, _event: object, ctx: StepContext): Step {
  if (lane.abandoned.length === 0) return stay(lane);
  const unanswered = lane.abandoned.filter(({ phase }) => phase === "unknown" || phase === "reversing");
  const asked: Lane = {
    ...lane,
    abandoned: lane.abandoned.map((attempt) =>
      attempt.phase === "reversing" ? attempt : { ...attempt, phase: "unknown" },
    ),
  };
  const records = lane.abandoned
    .filter(({ phase }) => phase === "asked" || phase === "aborting")
    .map((attempt) => attemptRecord(attempt, "unknown", NO_ANSWER));
  const step = stay(withTimer(asked, "pay", ctx.config.timers.payMs, ctx), {
    records,
    orders: lane.abandoned.map(askAbout),
  });
  return unanswered.length === 0 ? step : andThen(step, (l) => raise(l, "payment_in_doubt", NO_ANSWER));
}

export const NO_ANSWER = "the terminal has not answered";

function askAbout({ attemptId, amountMinor, phase, receipt }: Attempt): LaneOrder {
  return phase === "reversing" && receipt !== null
    ? { kind: "reverse", attemptId, amountMinor, receipt }
    : { kind: "enquire", attemptId, amountMinor };
}

/** An answer about a payment whose vehicle is gone: kept for the stay that was let out, else given back. */
export function settleAbandoned(
  lane: Lane,
  { attemptId, outcome }: EventOf<"terminal">,
  ctx: StepContext,
): Step {
  const attempt = lane.abandoned.find((one) => one.attemptId === attemptId);
  if (attempt === undefined) return stay(lane);
  if (attempt.phase === "reversing") return reversalAnswered(lane, attempt, outcome);
  switch (outcome.kind) {
    case "approved":
      return attempt.released
        ? closeAttempt(lane, attempt, paidByCard(attempt, outcome, null, ctx))
        : reverse(lane, attempt, outcome.receipt, ctx);
    case "declined":
    case "refused":
      return closeAttempt(lane, attempt, [attemptRecord(attempt, outcome.kind, outcome.reason)]);
    case "reversed":
      return closeAttempt(lane, attempt, [attemptRecord(attempt, "reversed", "")]);
    case "unknown": {
      const again = attempt.phase === "unknown" ? [] : [attemptRecord(attempt, "unknown", outcome.reason)];
      const doubted = stay(replace(lane, { ...attempt, phase: "unknown" }), { records: again });
      return andThen(doubted, (l) => raise(l, "payment_in_doubt", outcome.reason));
    }
    default:
      return outcome satisfies never;
  }
}

/** Captured for a vehicle that is gone unpaid, will be asked again or has paid otherwise: the driver gets it back. */
function reverse(lane: Lane, attempt: Attempt, receipt: string, ctx: StepContext): Step {
  const reversing: Attempt = { ...attempt, phase: "reversing", receipt };
  return stay(withTimer(replace(lane, reversing), "pay", ctx.config.timers.payMs, ctx), {
    records: [attemptRecord(reversing, "reversing", "nobody waits for it any more")],
    orders: [askAbout(reversing)],
  });
}

function reversalAnswered(lane: Lane, attempt: Attempt, outcome: TerminalOutcome): Step {
  switch (outcome.kind) {
    case "reversed":
      return closeAttempt(lane, attempt, [attemptRecord(attempt, "reversed", "")]);
    case "approved":
      // The same approval once more.
      return stay(lane);
    case "declined":
    case "refused":
    case "unknown":
      return raise(lane, "payment_in_doubt", `a payment could not be given back: ${outcome.reason}`);
    default:
      return outcome satisfies never;
  }
}

function replace(lane: Lane, attempt: Attempt): Lane {
  const { attemptId } = attempt;
  return {
    ...lane,
    abandoned: lane.abandoned.map((one) => (one.attemptId === attemptId ? attempt : one)),
  };
}

function closeAttempt(lane: Lane, { attemptId }: Attempt, records: readonly GateRecord[]): Step {
  const abandoned = lane.abandoned.filter((one) => one.attemptId !== attemptId);
  const closed = { ...lane, abandoned };
  const idle = abandoned.length === 0 && lane.attempt === null ? withoutTimer(closed, "pay") : closed;
  return andThen(stay(idle, { records }), endDoubt);
}

/** The alarm ends with the last payment in doubt. */
export function endDoubt(lane: Lane): Step {
  const doubtful = [...lane.abandoned, ...(lane.attempt === null ? [] : [lane.attempt])].some(
    ({ phase }) => phase === "unknown" || phase === "reversing",
  );
  return doubtful ? stay(lane) : over(lane, "payment_in_doubt");
}
