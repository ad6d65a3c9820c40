import type { GateRecord, TerminalOutcome } from "@parkme/shared/domain/gate-record";
import type { AttemptId, StayId } from "@parkme/shared/domain/ids";
import type { AttemptStatus } from "@parkme/shared/domain/stay";
import type { TerminalRequest } from "../devices/ports.ts";

/**
 * Card payments at the desk: pure, state x event -> state, records, orders. An attempt is written before the terminal
 * is asked; one in doubt is asked about, never charged again; one that was approved pays, however late.
 */

export type CardAttempt = {
  readonly attemptId: AttemptId;
  readonly stayId: StayId;
  readonly amountMinor: number;
  /** The attendant who began it; `terminal` where a restart forgot. */
  readonly actor: string;
  /** `asked` = the terminal has it; `stopping` = and was told to give it up; `unknown` = it may have been charged. */
  readonly phase: "asked" | "stopping" | "unknown";
  /** When the terminal is asked what became of it, monotonic. */
  readonly askAtMs: number;
};

/** Not settled, oldest first. */
export type CardState = { readonly attempts: readonly CardAttempt[] };

/** An approved payment, to be taken before the records of its step are written. */
export type CardPaid = { readonly attempt: CardAttempt; readonly reference: string };

export type CardStep = {
  readonly state: CardState;
  readonly records: readonly GateRecord[];
  readonly orders: readonly TerminalRequest[];
  readonly paid: CardPaid | null;
};

type Pay = { readonly currency: string; readonly nowMs: number; readonly payMs: number };

/** So many payments in doubt: no further one is begun until a person has seen to the terminal. */
export const MAX_OPEN = 8;
const NO_ANSWER = "the terminal has not answered";

export const noAttempts: CardState = { attempts: [] };

/** Why no card may be asked for now; null = it may. */
export function whyNot({ attempts }: CardState, stayId: StayId): "card_in_doubt" | "terminal_busy" | null {
  if (attempts.some((one) => one.stayId === stayId && one.phase === "unknown")) return "card_in_doubt";
  if (attempts.some(({ phase }) => phase !== "unknown") || attempts.length >= MAX_OPEN)
    return "terminal_busy";
  return null;
}

export function begin(
  { attempts }: CardState,
  wish: Pick<CardAttempt, "attemptId" | "stayId" | "amountMinor" | "actor">,
  { currency, nowMs, payMs }: Pay,
): CardStep {
  const attempt: CardAttempt = { ...wish, phase: "asked", askAtMs: nowMs + payMs };
  const { attemptId, amountMinor, actor } = attempt;
  return {
    state: { attempts: [...attempts, attempt] },
    records: [recordOf(attempt, "begun", actor, null)],
    orders: [{ kind: "authorise", attemptId, amountMinor, currency, deadlineMs: nowMs + payMs }],
    paid: null,
  };
}

/** Attempts that an earlier run of the agent left open: they are asked about at once. */
export function takeUp(
  open: readonly Pick<CardAttempt, "attemptId" | "stayId" | "amountMinor" | "actor">[],
  nowMs: number,
): CardState {
  return {
    attempts: open.map(({ attemptId, stayId, amountMinor, actor }) => ({
      attemptId,
      stayId,
      amountMinor,
      actor,
      phase: "unknown",
      askAtMs: nowMs,
    })),
  };
}

/** The attendant gives up. The terminal may have charged all the same: its own answer counts. */
export function stop(state: CardState, attemptId: AttemptId): CardStep {
  const attempt = state.attempts.find((one) => one.attemptId === attemptId);
  if (attempt?.phase !== "asked") return only(state);
  return {
    ...only(replace(state, { ...attempt, phase: "stopping" })),
    orders: [{ kind: "abort", attemptId }],
  };
}

export function answer(
  state: CardState,
  attemptId: AttemptId,
  outcome: TerminalOutcome,
  { nowMs, payMs }: Pick<Pay, "nowMs" | "payMs">,
): CardStep {
  const attempt = state.attempts.find((one) => one.attemptId === attemptId);
  if (attempt === undefined) return only(state);
  switch (outcome.kind) {
    case "approved": {
      const records = [recordOf(attempt, "approved", outcome.card, outcome.receipt)];
      return { ...settled(state, attemptId, records), paid: { attempt, reference: outcome.receipt } };
    }
    case "declined":
    case "refused":
      return settled(state, attemptId, [recordOf(attempt, outcome.kind, outcome.reason, null)]);
    case "reversed":
      return settled(state, attemptId, [recordOf(attempt, "reversed", "", null)]);
    case "unknown":
      return doubt(state, attempt, outcome.reason, nowMs + payMs);
    default:
      return outcome satisfies never;
  }
}

/** A person has looked at the terminal's own journal, and vouches for what it says. */
export function vouch(
  state: CardState,
  attemptId: AttemptId,
  word: { readonly reference: string | null; readonly detail: string; readonly actor: string },
): CardStep | null {
  const found = state.attempts.find((one) => one.attemptId === attemptId);
  if (found?.phase !== "unknown") return null;
  const attempt = { ...found, actor: word.actor };
  const { reference, detail } = word;
  if (reference === null) return settled(state, attemptId, [recordOf(attempt, "declined", detail, null)]);
  const records = [recordOf(attempt, "approved", detail, reference)];
  return { ...settled(state, attemptId, records), paid: { attempt, reference } };
}

/** The terminal is asked about whatever it has not answered in time. */
export function chase(state: CardState, { nowMs, payMs }: Pick<Pay, "nowMs" | "payMs">): CardStep {
  let step = only(state);
  for (const attempt of state.attempts) {
    if (attempt.askAtMs > nowMs) continue;
    const doubted = doubt(step.state, attempt, NO_ANSWER, nowMs + payMs);
    const { attemptId, amountMinor } = attempt;
    step = {
      ...doubted,
      records: [...step.records, ...doubted.records],
      orders: [...step.orders, { kind: "enquire", attemptId, amountMinor }],
    };
  }
  return step;
}

/** When {@link chase} has something to do next; null = never. */
export function nextAskMs({ attempts }: CardState): number | null {
  return attempts.length === 0 ? null : Math.min(...attempts.map(({ askAtMs }) => askAtMs));
}

function doubt(state: CardState, attempt: CardAttempt, reason: string, askAtMs: number): CardStep {
  const { phase } = attempt;
  const alarm: GateRecord = { type: "alarm", kind: "payment_in_doubt", detail: reason };
  const records = phase === "unknown" ? [alarm] : [recordOf(attempt, "unknown", reason, null), alarm];
  return { ...only(replace(state, { ...attempt, phase: "unknown", askAtMs })), records };
}

/** The alarm ends with the last payment in doubt. */
function settled(state: CardState, attemptId: AttemptId, records: readonly GateRecord[]): CardStep {
  const attempts = state.attempts.filter((one) => one.attemptId !== attemptId);
  const doubtful = (each: readonly CardAttempt[]): boolean => each.some(({ phase }) => phase === "unknown");
  const over = doubtful(state.attempts) && !doubtful(attempts);
  return {
    ...only({ attempts }),
    records: over ? [...records, { type: "alarm_over", kind: "payment_in_doubt" }] : records,
  };
}

function only(state: CardState): CardStep {
  return { state, records: [], orders: [], paid: null };
}

function replace({ attempts }: CardState, attempt: CardAttempt): CardState {
  return { attempts: attempts.map((one) => (one.attemptId === attempt.attemptId ? attempt : one)) };
}

function recordOf(
  { attemptId, stayId, amountMinor }: CardAttempt,
  status: AttemptStatus,
  detail: string,
  receipt: string | null,
): GateRecord {
  return { type: "attempt", attemptId, stayId, amountMinor, status, receipt, detail };
}
