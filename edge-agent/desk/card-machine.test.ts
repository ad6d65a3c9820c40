import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { TerminalOutcome } from "@parkme/shared/domain/gate-record";
import { asId, type AttemptId, type StayId } from "@parkme/shared/domain/ids";
import {
  answer,
  begin,
  type CardState,
  type CardStep,
  chase,
  MAX_OPEN,
  nextAskMs,
  noAttempts,
} from "./card-machine.ts";
import { stop, takeUp, vouch, whyNot } from "./card-machine.ts";

const uuid = (n: number): string => `00000000-0000-7000-8000-${n.toString(16).padStart(12, "0")}`;
const attempt = (n: number): AttemptId => asId<AttemptId>(uuid(n));
const stay = (n: number): StayId => asId<StayId>(uuid(1_000 + n));
const AT = { nowMs: 1_000, payMs: 90_000 };

const asked = (n = 1, from: CardState = noAttempts): CardStep =>
  begin(
    from,
    { attemptId: attempt(n), stayId: stay(n), amountMinor: 450, actor: "alex" },
    { ...AT, currency: "EUR" },
  );
const told = (step: CardStep): unknown[] =>
  step.records.map((record) => (record.type === "attempt" ? record.status : record.type));

describe("a card payment at the desk", () => {
  it("is written before the terminal is asked, and pays when it is approved", () => {
    const first = asked();
    expect(told(first)).toEqual(["begun"]);
    expect(first.orders).toEqual([
      { kind: "authorise", attemptId: attempt(1), amountMinor: 450, currency: "EUR", deadlineMs: 91_000 },
    ]);
    const paid = answer(first.state, attempt(1), { kind: "approved", receipt: "0471", card: "visa" }, AT);
    expect(paid.paid).toEqual({ attempt: first.state.attempts[0], reference: "0471" });
    expect(told(paid)).toEqual(["approved"]);
    expect(paid.state).toEqual(noAttempts);
  });

  it("that is stopped pays all the same when the card was charged before", () => {
    const stopped = stop(asked().state, attempt(1));
    expect(stopped.orders).toEqual([{ kind: "abort", attemptId: attempt(1) }]);
    expect(stop(stopped.state, attempt(1)).orders).toEqual([]);
    const paid = answer(stopped.state, attempt(1), { kind: "approved", receipt: "1", card: "" }, AT);
    expect(paid.paid?.reference).toBe("1");
    const given = answer(stopped.state, attempt(1), { kind: "declined", reason: "cancelled" }, AT);
    expect([given.paid, told(given)]).toEqual([null, ["declined"]]);
  });

  it("without an answer is asked about, with an alarm that ends when the last doubt does", () => {
    const begun = asked(1).state;
    expect(chase(begun, { ...AT, nowMs: 90_999 }).orders).toEqual([]);
    expect(nextAskMs(begun)).toBe(91_000);
    const doubt = chase(begun, { ...AT, nowMs: 91_000 });
    expect(doubt.orders).toEqual([{ kind: "enquire", attemptId: attempt(1), amountMinor: 450 }]);
    expect(told(doubt)).toEqual(["unknown", "alarm"]);
    expect(nextAskMs(doubt.state)).toBe(181_000);
    const again = answer(doubt.state, attempt(1), { kind: "unknown", reason: "busy" }, AT);
    expect(told(again)).toEqual(["alarm"]);
    const over = answer(again.state, attempt(1), { kind: "refused", reason: "no record" }, AT);
    expect(told(over)).toEqual(["refused", "alarm_over"]);
    expect(nextAskMs(over.state)).toBeNull();
  });

  it("is taken up again after a restart: asked about at once, never charged again", () => {
    const open = takeUp([{ attemptId: attempt(1), stayId: stay(1), amountMinor: 450, actor: "alex" }], 5);
    const step = chase(open, { nowMs: 5, payMs: 90_000 });
    expect(step.orders).toEqual([{ kind: "enquire", attemptId: attempt(1), amountMinor: 450 }]);
  });

  it("may not begin beside another, nor for a stay whose last one is in doubt, nor beside many doubts", () => {
    const begun = asked(1).state;
    expect([whyNot(begun, stay(1)), whyNot(begun, stay(2))]).toEqual(["terminal_busy", "terminal_busy"]);
    const doubt = chase(begun, { ...AT, nowMs: 91_000 }).state;
    expect([whyNot(doubt, stay(1)), whyNot(doubt, stay(2))]).toEqual(["card_in_doubt", null]);
    const many = takeUp(
      Array.from({ length: MAX_OPEN }, (_, n) => ({
        attemptId: attempt(n),
        stayId: stay(n),
        amountMinor: 1,
        actor: "a",
      })),
      0,
    );
    expect(whyNot(many, stay(99))).toBe("terminal_busy");
  });

  it("in doubt is settled by a person who has looked, and only then", () => {
    const word = { reference: "0471", detail: "alex: it is in the journal", actor: "alex" };
    const begun = asked().state;
    expect(vouch(begun, attempt(1), word)).toBeNull();
    const doubt = chase(begun, { ...AT, nowMs: 91_000 }).state;
    const charged = vouch(doubt, attempt(1), word);
    expect(charged?.paid).toMatchObject({ reference: "0471", attempt: { actor: "alex" } });
    const free = vouch(doubt, attempt(1), { ...word, reference: null });
    expect([free?.paid, free && told(free)]).toEqual([null, ["declined", "alarm_over"]]);
  });
});

type Move =
  | { readonly kind: "begin" | "stop" | "chase"; readonly n: number }
  | { readonly kind: "answer"; readonly n: number; readonly outcome: TerminalOutcome };
const outcome: fc.Arbitrary<TerminalOutcome> = fc.constantFrom(
  { kind: "approved", receipt: "1", card: "" },
  { kind: "declined", reason: "" },
  { kind: "refused", reason: "" },
  { kind: "unknown", reason: "" },
  { kind: "reversed" },
);
const n = fc.integer({ min: 1, max: 4 });
const move: fc.Arbitrary<Move> = fc.oneof(
  fc.record({ kind: fc.constantFrom("begin", "stop", "chase"), n }),
  fc.record({ kind: fc.constant("answer"), n, outcome }),
);

describe("card payments at the desk", () => {
  it("are authorised once and paid at most once, and every doubt has its alarm, however it goes", () => {
    fc.assert(fc.property(fc.array(move, { maxLength: 60 }), check));
  });
});

function check(moves: readonly Move[]): void {
  let state = noAttempts;
  let nowMs = 0;
  const authorised = new Set<string>();
  const paid = new Set<string>();
  let alarm = false;
  for (const [i, each] of moves.entries()) {
    nowMs += 40_000;
    const step = take(state, each, i, nowMs);
    for (const order of step.orders) {
      if (order.kind !== "authorise") continue;
      expect(authorised.has(order.attemptId)).toBe(false);
      authorised.add(order.attemptId);
    }
    if (step.paid !== null) {
      expect(paid.has(step.paid.attempt.attemptId)).toBe(false);
      paid.add(step.paid.attempt.attemptId);
    }
    for (const { type } of step.records) if (type !== "attempt") alarm = type === "alarm";
    state = step.state;
    expect(state.attempts.filter(({ phase }) => phase !== "unknown").length).toBeLessThanOrEqual(1);
    expect(alarm).toBe(state.attempts.some(({ phase }) => phase === "unknown"));
  }
}

/** Stays are few, so that they meet again; attempts are new each time. */
function take(state: CardState, { kind, ...move }: Move, i: number, nowMs: number): CardStep {
  const at = { nowMs, payMs: 90_000 };
  const nothing = { state, records: [], orders: [], paid: null };
  const known = state.attempts[move.n - 1]?.attemptId ?? attempt(99);
  if (kind === "chase") return chase(state, at);
  if (kind === "stop") return stop(state, known);
  if (kind === "answer")
    return answer(state, known, "outcome" in move ? move.outcome : { kind: "reversed" }, at);
  const wish = { attemptId: attempt(100 + i), stayId: stay(move.n), amountMinor: 1, actor: "a" };
  return whyNot(state, wish.stayId) === null ? begin(state, wish, { ...at, currency: "EUR" }) : nothing;
}
