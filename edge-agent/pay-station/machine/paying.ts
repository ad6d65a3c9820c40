import type { GateRecord, TerminalOutcome } from "@parkme/shared/domain/gate-record";
import type { AttemptId, PaymentId } from "@parkme/shared/domain/ids";
import type { AttemptStatus } from "@parkme/shared/domain/stay";
import type { Attempt, EventOf, Found, Lines, Shown, Station, StationContext, StationStep } from "./model.ts";
import { andThen, enter, lookUp, NOBODY, stay } from "./moves.ts";
import * as words from "./words.ts";

/** Card payments at a pay station: written down before the terminal is asked, and in doubt asked about, never charged again. */

/** How often the terminal is asked what became of a payment in doubt. */
const ENQUIRE_AGAIN_MS = 5_000;
/** So long a driver waits to hear what became of a payment; one that was not recorded is certain before. */
const DOUBT_MS = 120_000;
/** How often the terminal is asked about payments whose drivers are gone. */
const CHASE_MS = 60_000;
/** So many payments in doubt: no card is taken until somebody has seen to the terminal. */
const MAX_DOUBTS = 8;
const NO_ANSWER = "the terminal has not answered";

export function charge(
  station: Station,
  { stayId, amountMinor, quote, voucher }: Extract<Found, { kind: "stay" }>,
  ctx: StationContext,
): StationStep {
  if (station.doubts.some((doubt) => doubt.stayId === stayId))
    return stay(enter(station, "SHOWING", words.ASK_AT_DESK, ctx.showMs, ctx));
  if (station.works.terminal !== true || station.doubts.length >= MAX_DOUBTS)
    return stay(enter(station, "SHOWING", words.payAtDesk(amountMinor, ctx.currency), ctx.showMs, ctx));
  const attemptId = ctx.mint.next<AttemptId>(ctx.now.wallMs);
  const attempt: Attempt = { attemptId, stayId, amountMinor, quote, phase: "asked" };
  const lines = words.pleasePay(amountMinor, ctx.currency, voucher);
  const deadlineMs = ctx.now.monotonicMs + ctx.payMs;
  return stay(
    { ...enter(station, "PAYING", lines, ctx.payMs, ctx), attempt },
    {
      records: [attemptRecord(attempt, "begun", "")],
      orders: [
        { kind: "indicate", signal: "granted" },
        { kind: "authorise", attemptId, amountMinor, deadlineMs },
      ],
    },
  );
}

function attemptRecord(
  { attemptId, stayId, amountMinor }: Attempt,
  status: AttemptStatus,
  detail: string,
  receipt: string | null = null,
): GateRecord {
  return { type: "attempt", attemptId, stayId, amountMinor, status, receipt, detail };
}

/** The terminal gives up first; what is shown is looked at when it says that nothing was charged. */
export function showWhilePaying(station: Station, { shown }: EventOf<"shown">): StationStep {
  const { next, asked, ticket } = station;
  const known = next === null ? [asked, ticket] : [next];
  return known.some((one) => isSame(shown, one)) ? stay(station) : giveUp({ ...station, next: shown });
}

function isSame(one: Shown, other: Shown | null): boolean {
  return one.medium === other?.medium && one.text === other.text;
}

/** Never two payments of one fee: somebody else pays or has paid, so that it is not the same fee any more. */
export function changedWhilePaying(station: Station, { stayId }: EventOf<"stay_changed">): StationStep {
  if (station.attempt?.stayId !== stayId) return stay(station);
  return giveUp({ ...station, next: station.next ?? station.ticket });
}

function giveUp(station: Station): StationStep {
  const { attempt } = station;
  if (attempt?.phase !== "asked") return stay(station);
  const { attemptId } = attempt;
  const aborting = {
    ...station,
    lines: words.PLEASE_WAIT,
    attempt: { ...attempt, phase: "aborting" as const },
  };
  return stay(aborting, { orders: [{ kind: "abort", attemptId }] });
}

export function terminalAnswers(
  station: Station,
  event: EventOf<"terminal">,
  ctx: StationContext,
): StationStep {
  const { attempt } = station;
  if (attempt?.attemptId !== event.attemptId) return settleDoubt(station, event, ctx);
  const { outcome } = event;
  switch (outcome.kind) {
    case "approved":
      return approved(station, attempt, outcome, ctx);
    case "declined":
    case "refused":
    case "reversed":
      return notCharged(station, attempt, outcome, ctx);
    case "unknown":
      return unknown(station, attempt, outcome.reason, ctx);
    default:
      return outcome satisfies never;
  }
}

/** An answer about a payment whose driver is gone: charged is paid, and the link of the receipt is good. */
function settleDoubt(
  station: Station,
  { attemptId, outcome }: EventOf<"terminal">,
  ctx: StationContext,
): StationStep {
  const doubt = station.doubts.find((one) => one.attemptId === attemptId);
  if (doubt === undefined) return stay(station);
  if (outcome.kind === "unknown") return inDoubt(station, doubt, outcome.reason);
  const records =
    outcome.kind === "approved"
      ? paidByCard(doubt, outcome, ctx).records
      : [attemptRecord(doubt, outcome.kind, outcome.kind === "reversed" ? "" : outcome.reason)];
  const doubts = station.doubts.filter((one) => one !== doubt);
  const left = { ...station, doubts, chaseMs: doubts.length === 0 ? null : station.chaseMs };
  return andThen(stay(left, { records }), endDoubt);
}

/** Its idempotency key is the attempt: it can be written down only once. */
function paidByCard(
  attempt: Attempt,
  { receipt, card }: Extract<TerminalOutcome, { kind: "approved" }>,
  ctx: StationContext,
): { readonly paymentId: PaymentId; readonly records: readonly GateRecord[] } {
  const { attemptId, stayId, amountMinor, quote } = attempt;
  const paymentId = ctx.mint.next<PaymentId>(ctx.now.wallMs);
  const payment: GateRecord = {
    type: "payment",
    paymentId,
    stayId,
    method: "card",
    amountMinor,
    changeMinor: 0,
    actor: "terminal",
    idempotencyKey: attemptId,
    quote,
    reference: receipt,
  };
  return { paymentId, records: [attemptRecord(attempt, "approved", card, receipt), payment] };
}

/** Charged is paid, whatever was shown since: the time to leave begins. */
function approved(
  station: Station,
  attempt: Attempt,
  outcome: Extract<TerminalOutcome, { kind: "approved" }>,
  ctx: StationContext,
): StationStep {
  const { paymentId, records } = paidByCard(attempt, outcome, ctx);
  const { quote } = attempt;
  const lines: Lines =
    quote === null
      ? ["Paid. Thank you", ""]
      : words.leaveBy("Paid. Thank you", ctx.now.wallMs + quote.exitGraceMs, ctx.timeZone);
  const paid = stay(withoutAttempt(station), { records, orders: [{ kind: "receipt", paymentId }] });
  return andThen(andThen(paid, endDoubt), (free) =>
    stay(enter({ ...free, ...NOBODY }, "THANKS", lines, ctx.showMs, ctx)),
  );
}

function withoutAttempt(station: Station): Station {
  return { ...station, attempt: null };
}

/** The alarm ends with the last payment in doubt. */
function endDoubt(station: Station): StationStep {
  if (station.doubts.length > 0 || station.alarmed === false) return stay(station);
  return stay(
    { ...station, alarmed: false },
    { records: [{ type: "alarm_over", kind: "payment_in_doubt" }] },
  );
}

function notCharged(
  station: Station,
  attempt: Attempt,
  outcome: Extract<TerminalOutcome, { kind: "declined" | "refused" | "reversed" }>,
  ctx: StationContext,
): StationStep {
  const detail = outcome.kind === "reversed" ? "" : outcome.reason;
  const records = [attemptRecord(attempt, outcome.kind, detail)];
  return andThen(andThen(stay(withoutAttempt(station), { records }), endDoubt), (free) => {
    const { next } = free;
    if (next !== null)
      return lookUp(enter(free, "SHOWING", words.PLEASE_WAIT, ctx.showMs, ctx), { shown: next });
    const lines = whyNot(station, attempt, outcome, ctx);
    return stay(enter({ ...free, ...NOBODY }, "SHOWING", lines, ctx.showMs, ctx));
  });
}

function whyNot(
  { state }: Station,
  { amountMinor }: Attempt,
  { kind }: TerminalOutcome,
  ctx: StationContext,
): Lines {
  if (state === "IN_DOUBT") return words.NOT_CHARGED;
  return kind === "declined" ? words.DECLINED : words.payAtDesk(amountMinor, ctx.currency);
}

function unknown(station: Station, attempt: Attempt, reason: string, ctx: StationContext): StationStep {
  if (station.state === "IN_DOUBT") return inDoubt(station, attempt, reason);
  const told = stay({ ...station, ...NOBODY }, { records: [attemptRecord(attempt, "unknown", reason)] });
  return andThen(told, (at) => enquire(at, ctx));
}

/** Asked, and it does not know: a person should. */
function inDoubt(station: Station, { stayId }: Attempt, detail: string): StationStep {
  if (station.alarmed === true) return stay(station);
  return stay(
    { ...station, alarmed: true },
    {
      records: [
        { type: "alarm", kind: "payment_in_doubt", detail },
        { type: "stay_review", stayId, review: "paid_in_doubt" },
      ],
    },
  );
}

/** Edge case 20: the terminal is asked what became of the payment, until it says so or nobody waits any more. */
function enquire(station: Station, ctx: StationContext): StationStep {
  const { attempt } = station;
  if (attempt === null) throw new Error("doubt about no payment");
  const { attemptId, amountMinor } = attempt;
  return stay(doubtful(station, attempt, ctx), { orders: [{ kind: "enquire", attemptId, amountMinor }] });
}

/** Waits for what the terminal says; since when, is remembered. */
export function doubtful(station: Station, attempt: Attempt, ctx: StationContext): Station {
  const entered = enter(station, "IN_DOUBT", words.IN_DOUBT, ENQUIRE_AGAIN_MS, ctx);
  const since = station.state === "IN_DOUBT" ? station.since : entered.since;
  return { ...entered, since, attempt: { ...attempt, phase: "unknown" } };
}

export function payOverdue(station: Station, _event: object, ctx: StationContext): StationStep {
  const { attempt } = station;
  if (attempt === null) throw new Error("PAYING without a payment");
  return unknown(station, attempt, NO_ANSWER, ctx);
}

export function enquireAgain(station: Station, _event: object, ctx: StationContext): StationStep {
  const { attempt, since, doubts } = station;
  if (attempt === null) throw new Error("IN_DOUBT without a payment");
  if (ctx.now.monotonicMs - since.monotonicMs < DOUBT_MS) return enquire(station, ctx);
  return andThen(inDoubt(station, attempt, NO_ANSWER), (at) =>
    stay(
      enter(
        {
          ...withoutAttempt(at),
          ...NOBODY,
          doubts: [...doubts, attempt],
          chaseMs: ctx.now.monotonicMs + CHASE_MS,
        },
        "SHOWING",
        words.ASK_AT_DESK,
        ctx.showMs,
        ctx,
      ),
    ),
  );
}

/** Payments whose drivers are gone are asked about, but not while the terminal has a driver before it. */
export function chase(station: Station, _event: object, ctx: StationContext): StationStep {
  const { attempt, doubts } = station;
  const orders =
    attempt === null
      ? doubts.map(({ attemptId, amountMinor }) => ({ kind: "enquire", attemptId, amountMinor }) as const)
      : [];
  return stay({ ...station, chaseMs: ctx.now.monotonicMs + CHASE_MS }, { orders });
}
