import type { TerminalOutcome } from "@parkme/shared/domain/gate-record";
import type { AttemptId } from "@parkme/shared/domain/ids";
import { type Currency, formatDecimal } from "@parkme/shared/domain/money";
import type { DialogueEnd } from "./zvt-dialogue.ts";
import type { StatusInformation } from "./zvt-fields.ts";
import { RESULT, resultText } from "./zvt-texts.ts";

/**
 * What is known of each attempt to take a payment, and what may be said of one in doubt. Certain is only
 * - the terminal's own answer in the dialogue that asked for the payment: result, then Completion or Abort;
 * - `approved` or `declined`: the terminal's last transaction is another than before the attempt, no reversal, and
 *   of the attempt's amount and currency; and no other payment was begun since;
 * - `refused`: some time after the attempt the terminal is idle, and its last transaction is still the one from
 *   before the attempt.
 * Everything else stays `unknown`, above all when it is not known what was before, as after a restart of the agent.
 */
export type Attempts = {
  readonly begin: (id: AttemptId, attempt: NewAttempt) => void;
  readonly knows: (id: AttemptId) => boolean;
  /** Those of which the terminal's last transaction may still tell something. */
  readonly inDoubt: () => readonly Enquiry[];
  /** The dialogue that asked for the payment has ended. */
  readonly ended: (id: AttemptId, end: DialogueEnd) => TerminalOutcome;
  /** The dialogue that asked to take it back has ended. */
  readonly reversed: (id: AttemptId, end: DialogueEnd) => TerminalOutcome;
  /** Null = it is not certain, and the terminal must be asked. */
  readonly certain: (id: AttemptId) => TerminalOutcome | null;
  /** `last` = the idle terminal's last transaction; null = it does not tell. */
  readonly judge: (enquiry: Enquiry, last: StatusInformation | null, nowMs: number) => TerminalOutcome;
};

export type Enquiry = { readonly attemptId: AttemptId; readonly amountMinor: number };

export type NewAttempt = {
  readonly amountMinor: number;
  /** Monotonic. */
  readonly nowMs: number;
  /** The terminal's last transaction before it; null = not known. */
  readonly before: StatusInformation | null;
};

type Attempt = NewAttempt & {
  /** What the terminal told of it before the dialogue broke off. */
  readonly heard: StatusInformation | null;
  readonly outcome: TerminalOutcome | null;
  /** Another payment was begun since: the terminal's last transaction tells nothing of this one. */
  readonly passed: boolean;
  readonly reversing: boolean;
};

/** Beyond, the oldest is forgotten. */
const MAX_ATTEMPTS = 64;

export type AttemptOptions = {
  readonly currency: Currency;
  /** Its ISO 4217 number. */
  readonly currencyNumber: number;
  /** How long after an attempt an idle terminal may still come to record it. */
  readonly settleMs: number;
};

export function createAttempts(options: AttemptOptions): Attempts {
  const attempts = new Map<AttemptId, Attempt>();

  function note(id: AttemptId, attempt: Attempt, change: Partial<Attempt>): void {
    attempts.set(id, { ...attempt, ...change });
  }

  return {
    begin(id, attempt) {
      for (const [older, each] of attempts) note(older, each, { passed: true });
      attempts.set(id, { ...attempt, heard: null, outcome: null, passed: false, reversing: false });
      const [oldest] = attempts.keys();
      if (attempts.size > MAX_ATTEMPTS && oldest !== undefined) attempts.delete(oldest);
    },
    knows: (id) => attempts.has(id),
    inDoubt: () =>
      [...attempts].flatMap(([attemptId, { amountMinor, outcome, passed, reversing }]) =>
        outcome === null && !passed && !reversing ? [{ attemptId, amountMinor }] : [],
      ),
    ended(id, end) {
      const attempt = attempts.get(id);
      if (attempt === undefined) return unknown("nobody has asked for this payment");
      const outcome = outcomeOf(end, attempt.amountMinor);
      const heard = "status" in end ? end.status : null;
      note(id, attempt, { heard, outcome: outcome.kind === "unknown" ? null : outcome });
      return outcome;
    },
    reversed(id, end) {
      const outcome = reversalOf(end);
      const attempt = attempts.get(id);
      if (attempt === undefined) return outcome;
      if (outcome.kind === "reversed") note(id, attempt, { outcome, reversing: false });
      if (outcome.kind === "unknown") note(id, attempt, { outcome: null, reversing: true });
      return outcome;
    },
    certain: (id) => attempts.get(id)?.outcome ?? null,
    judge({ attemptId: id, amountMinor }, last, nowMs) {
      const attempt = attempts.get(id);
      if (attempt === undefined) {
        const like = last?.amountMinor === amountMinor ? "just such an amount" : "another amount";
        return unknown(`the agent has no memory of it; ${described(last, options)}: ${like}`);
      }
      if (attempt.outcome !== null) return attempt.outcome;
      const outcome = judged(attempt, last, nowMs, options);
      if (outcome.kind !== "unknown") note(id, attempt, { outcome });
      return outcome;
    },
  };
}

function outcomeOf(end: DialogueEnd, amountMinor: number): TerminalOutcome {
  switch (end.kind) {
    case "unsent":
      return { kind: "refused", reason: end.reason };
    case "refused":
      return { kind: "refused", reason: resultText(end.code) };
    case "doubtful":
      return unknown(end.reason);
    case "completed":
      if (end.status === null) return unknown("the terminal ended without telling the result");
      return settled(end.status, amountMinor);
    case "aborted":
      // It told of success and then of failure: perhaps it has taken the payment back.
      return end.status?.result === 0
        ? unknown("the terminal contradicts itself")
        : { kind: "declined", reason: resultText(end.code) };
  }
}

/** A transaction that is known to be the attempt's. */
function settled(status: StatusInformation, amountMinor: number): TerminalOutcome {
  const { result, amountMinor: charged, receipt, trace, card } = status;
  if (result === null) return unknown("the terminal ended without telling the result");
  if (result !== 0) return { kind: "declined", reason: resultText(result) };
  if (charged !== null && charged !== amountMinor) {
    return unknown(`the terminal charged ${charged} instead of ${amountMinor}`);
  }
  return { kind: "approved", receipt: receipt ?? trace ?? "", card };
}

function reversalOf(end: DialogueEnd): TerminalOutcome {
  switch (end.kind) {
    case "unsent":
      return { kind: "refused", reason: end.reason };
    case "doubtful":
      return unknown(end.reason);
    case "refused":
      return end.code === RESULT.alreadyReversed
        ? { kind: "reversed" }
        : { kind: "refused", reason: resultText(end.code) };
    case "completed":
    case "aborted": {
      const code = end.kind === "aborted" ? end.code : end.status?.result;
      if (code === RESULT.alreadyReversed || end.status?.result === RESULT.alreadyReversed) {
        return { kind: "reversed" };
      }
      if (code === undefined || code === null)
        return unknown("the terminal ended without telling the result");
      if (end.kind === "completed" && code === 0) return { kind: "reversed" };
      if (end.status?.result === 0) return unknown("the terminal contradicts itself");
      return { kind: "declined", reason: resultText(code) };
    }
  }
}

function judged(
  attempt: Attempt,
  last: StatusInformation | null,
  nowMs: number,
  options: AttemptOptions,
): TerminalOutcome {
  const { before, heard } = attempt;
  if (attempt.reversing) {
    return unknown("it was to be taken back, and that is in doubt: ask to take it back again");
  }
  if (attempt.passed) return unknown("another payment was begun since: see the terminal's journal");
  if (last === null) return unknown(described(last, options));
  if (heard?.receipt == null || !isSame(last, heard)) {
    // Not the one that the terminal has told of, where it has, nor known to be new.
    if (heard?.receipt != null || before === null) return unknown(described(last, options));
    if (isSame(last, before)) {
      return nowMs - attempt.nowMs < options.settleMs
        ? unknown("the terminal has no record of it yet")
        : { kind: "refused", reason: "the terminal has no record of it" };
    }
  }
  const another =
    last.reversal ||
    last.amountMinor !== attempt.amountMinor ||
    (last.currency !== null && last.currency !== options.currencyNumber);
  return another ? unknown(described(last, options)) : settled(last, attempt.amountMinor);
}

function isSame(a: StatusInformation, b: StatusInformation): boolean {
  return a.receipt === b.receipt && a.trace === b.trace;
}

function described(last: StatusInformation | null, { currency }: AttemptOptions): string {
  if (last === null) return "the terminal does not tell its last transaction";
  const kind = last.reversal ? "reversal" : last.result === 0 ? "payment" : "failed payment";
  const amount = last.amountMinor === null ? "?" : formatDecimal({ amountMinor: last.amountMinor, currency });
  return `the terminal's last transaction is a ${kind} of ${amount}, receipt ${last.receipt ?? "?"}`;
}

function unknown(reason: string): TerminalOutcome {
  return { kind: "unknown", reason };
}
