import { describe, expect, it } from "vitest";
import { type AttemptId, asId } from "@parkme/shared/domain/ids";
import { asCurrency } from "@parkme/shared/domain/money";
import { createAttempts, type NewAttempt } from "./zvt-attempts.ts";
import type { DialogueEnd } from "./zvt-dialogue.ts";
import type { StatusInformation } from "./zvt-fields.ts";

const ID = asId<AttemptId>("00000000-0000-7000-8000-000000000001");
const OTHER = asId<AttemptId>("00000000-0000-7000-8000-000000000002");
const SETTLE_MS = 60_000;
const DOUBT: DialogueEnd = { kind: "doubtful", status: null, reason: "closed by the peer" };
const DOUBT_AFTER_SUCCESS: DialogueEnd = {
  kind: "doubtful",
  status: {
    result: 0,
    amountMinor: 450,
    currency: 978,
    receipt: "0472",
    trace: "004712",
    reversal: false,
    card: "girocard ****4771",
  },
  reason: "closed by the peer",
};

function transaction(change: Partial<StatusInformation> = {}): StatusInformation {
  return {
    result: 0,
    amountMinor: 450,
    currency: 978,
    receipt: "0472",
    trace: "004712",
    reversal: false,
    card: "girocard ****4771",
    ...change,
  };
}
const BEFORE = transaction({ receipt: "0471", trace: "004711" });

function begun(change: Partial<NewAttempt> = {}) {
  const attempts = createAttempts({ currency: asCurrency("EUR"), currencyNumber: 978, settleMs: SETTLE_MS });
  attempts.begin(ID, { amountMinor: 450, nowMs: 1_000, before: BEFORE, ...change });
  return attempts;
}

const enquiry = { attemptId: ID, amountMinor: 450 };
const APPROVED = { kind: "approved", receipt: "0472", card: "girocard ****4771" };

describe("how a dialogue ends", () => {
  it.each<[string, DialogueEnd, object]>([
    ["success", { kind: "completed", status: transaction(), data: new Uint8Array() }, APPROVED],
    [
      "success without an amount of its own",
      { kind: "completed", status: transaction({ amountMinor: null }), data: new Uint8Array() },
      APPROVED,
    ],
    [
      "a result that is none",
      { kind: "completed", status: transaction({ result: 0x71 }), data: new Uint8Array() },
      { kind: "declined", reason: "not enough credit on the card (71)" },
    ],
    [
      "an abort after a result that is none",
      { kind: "aborted", status: transaction({ result: 5 }), code: 5 },
      { kind: "declined", reason: "declined by the bank (05)" },
    ],
    [
      "an abort",
      { kind: "aborted", status: null, code: 0x6c },
      { kind: "declined", reason: "cancelled (6C)" },
    ],
    ["a refusal", { kind: "refused", code: 0x9c }, { kind: "refused", reason: "the terminal is busy (9C)" }],
    ["a command that never left", { kind: "unsent", reason: "down" }, { kind: "refused", reason: "down" }],
    ["a broken line", DOUBT, { kind: "unknown" }],
    ["a broken line after success", DOUBT_AFTER_SUCCESS, { kind: "unknown" }],
    [
      "an end without a result",
      { kind: "completed", status: null, data: new Uint8Array() },
      { kind: "unknown" },
    ],
    ["an abort after success", { kind: "aborted", status: transaction(), code: 0xff }, { kind: "unknown" }],
    [
      "another amount",
      { kind: "completed", status: transaction({ amountMinor: 451 }), data: new Uint8Array() },
      { kind: "unknown" },
    ],
    [
      "a result that cannot be read",
      { kind: "completed", status: transaction({ result: null }), data: new Uint8Array() },
      { kind: "unknown" },
    ],
  ])("in %s is told as it is", (_what, end, outcome) => {
    const attempts = begun();
    expect(attempts.ended(ID, end)).toMatchObject(outcome);
    // What is certain stays so, and what is not is nothing that could be told without asking.
    const certain = attempts.certain(ID);
    if ("kind" in outcome && outcome.kind === "unknown") expect(certain).toBeNull();
    else expect(certain).toMatchObject(outcome);
  });
});

describe("an attempt in doubt", () => {
  function doubtful(change: Partial<NewAttempt> = {}, end: DialogueEnd = DOUBT) {
    const attempts = begun(change);
    attempts.ended(ID, end);
    return attempts;
  }

  it("was paid when the terminal's last transaction is new and like it", () => {
    const attempts = doubtful();
    expect(attempts.judge(enquiry, transaction(), 2_000)).toEqual(APPROVED);
    expect(attempts.certain(ID)).toEqual(APPROVED);
    // Later transactions do not change it any more.
    expect(attempts.judge(enquiry, transaction({ receipt: "0480", amountMinor: 1 }), 2_000)).toEqual(
      APPROVED,
    );
  });

  it("was declined when that failed", () => {
    expect(doubtful().judge(enquiry, transaction({ result: 0x71 }), 2_000)).toMatchObject({
      kind: "declined",
    });
  });

  it("was not paid when some time later there is nothing new, and not before", () => {
    const attempts = doubtful();
    expect(attempts.judge(enquiry, BEFORE, 1_000 + SETTLE_MS - 1)).toMatchObject({ kind: "unknown" });
    expect(attempts.judge(enquiry, BEFORE, 1_000 + SETTLE_MS)).toMatchObject({ kind: "refused" });
  });

  it.each<[string, StatusInformation | null]>([
    ["does not tell its last transaction", null],
    ["has taken something back", transaction({ reversal: true })],
    ["was paid another amount", transaction({ amountMinor: 900 })],
    ["was paid an amount that it does not tell", transaction({ amountMinor: null })],
    ["was paid in another currency", transaction({ currency: 756 })],
  ])("stays in doubt when the terminal %s", (_what, last) => {
    expect(doubtful().judge(enquiry, last, 10 * SETTLE_MS)).toMatchObject({ kind: "unknown" });
  });

  it("stays in doubt when it is not known what was before it", () => {
    const attempts = doubtful({ before: null });
    expect(attempts.judge(enquiry, transaction(), 10 * SETTLE_MS)).toMatchObject({ kind: "unknown" });
    expect(attempts.judge(enquiry, BEFORE, 10 * SETTLE_MS)).toMatchObject({ kind: "unknown" });
  });

  it("is known by its receipt when the terminal has told that much, whatever was before", () => {
    expect(doubtful({ before: null }, DOUBT_AFTER_SUCCESS).judge(enquiry, transaction(), 2_000)).toEqual(
      APPROVED,
    );
    const another = transaction({ receipt: "0473", trace: "004713" });
    expect(doubtful({}, DOUBT_AFTER_SUCCESS).judge(enquiry, another, 2_000)).toMatchObject({
      kind: "unknown",
    });
    // It told of success, but has no record of it: that is for people to find out.
    expect(doubtful({}, DOUBT_AFTER_SUCCESS).judge(enquiry, BEFORE, 10 * SETTLE_MS)).toMatchObject({
      kind: "unknown",
    });
  });

  it("stays in doubt once another payment was begun, as that may be the like one", () => {
    const attempts = doubtful();
    attempts.begin(OTHER, { amountMinor: 450, nowMs: 2_000, before: BEFORE });
    expect(attempts.judge(enquiry, transaction(), 10 * SETTLE_MS)).toEqual({
      kind: "unknown",
      reason: "another payment was begun since: see the terminal's journal",
    });
  });

  it("of another run of the agent stays in doubt, with what helps an attendant", () => {
    const attempts = createAttempts({
      currency: asCurrency("EUR"),
      currencyNumber: 978,
      settleMs: SETTLE_MS,
    });
    expect(attempts.judge(enquiry, transaction(), 0)).toEqual({
      kind: "unknown",
      reason:
        "the agent has no memory of it; the terminal's last transaction is a payment of 4.50, receipt 0472: just such an amount",
    });
    expect(attempts.judge(enquiry, transaction({ amountMinor: 100, result: 5 }), 0)).toMatchObject({
      reason: expect.stringContaining("a failed payment of 1.00, receipt 0472: another amount"),
    });
  });

  it("is forgotten after 64 others", () => {
    const attempts = doubtful();
    for (let i = 0; i < 64; i++) {
      const id = asId<AttemptId>(`00000000-0000-7000-8000-0000000001${i.toString(16).padStart(2, "0")}`);
      attempts.begin(id, { amountMinor: 1, nowMs: 0, before: null });
    }
    expect(attempts.knows(ID)).toBe(false);
  });
});

describe("a payment that is taken back", () => {
  const completed = (change: Partial<StatusInformation>): DialogueEnd => ({
    kind: "completed",
    status: transaction({ reversal: true, ...change }),
    data: new Uint8Array(),
  });

  it.each<[string, DialogueEnd, object]>([
    ["success", completed({}), { kind: "reversed" }],
    ["that it was taken back before", { kind: "aborted", status: null, code: 0xb4 }, { kind: "reversed" }],
    ["that it was, as a refusal", { kind: "refused", code: 0xb4 }, { kind: "reversed" }],
    ["that it cannot be", { kind: "aborted", status: null, code: 0xb5 }, { kind: "declined" }],
    ["a result that is none", completed({ result: 0xb5 }), { kind: "declined" }],
    ["that it is busy", { kind: "refused", code: 0x9c }, { kind: "refused" }],
    ["nothing more", DOUBT, { kind: "unknown" }],
    ["no result", { kind: "completed", status: null, data: new Uint8Array() }, { kind: "unknown" }],
  ])("is what the terminal says of it: %s", (_what, end, outcome) => {
    const attempts = begun();
    attempts.ended(ID, { kind: "completed", status: transaction(), data: new Uint8Array() });
    expect(attempts.reversed(ID, end)).toMatchObject(outcome);
  });

  it("is not told as paid while that is in doubt, and as taken back when it is certain", () => {
    const attempts = begun();
    attempts.ended(ID, { kind: "completed", status: transaction(), data: new Uint8Array() });
    attempts.reversed(ID, DOUBT);
    expect(attempts.certain(ID)).toBeNull();
    expect(attempts.judge(enquiry, transaction(), 10 * SETTLE_MS)).toMatchObject({ kind: "unknown" });
    attempts.reversed(ID, completed({}));
    expect(attempts.judge(enquiry, transaction(), 10 * SETTLE_MS)).toEqual({ kind: "reversed" });
  });
});
