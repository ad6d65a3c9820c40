import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PaymentState, RefundState } from "./providers/contract.ts";
import {
  advance,
  advanceRefund,
  idOfKey,
  isCovered,
  nextPoll,
  nextRefundPoll,
  refundableMinor,
  type PaymentStatus,
  type RefundStatus,
} from "./rules.ts";

const PAYMENT = {
  status: "created" as PaymentStatus,
  reference: null as string | null,
  charge: null as string | null,
  method: "card" as const,
  amountMinor: 1_000,
  currency: "EUR",
  failure: null as string | null,
};

function state(status: PaymentState["status"], change: Partial<PaymentState> = {}): PaymentState {
  return {
    reference: "pi_1",
    charge: status === "captured" ? "ch_1" : null,
    status,
    method: "card",
    capturedMinor: status === "captured" ? 1_000 : null,
    currency: "EUR",
    capturedAt: null,
    failure: null,
    client: {},
    ...change,
  };
}

function play(states: readonly PaymentState[]) {
  let payment = PAYMENT;
  const captures: number[] = [];
  for (const told of states) {
    const step = advance(payment, told);
    if (step.kind !== "changed") continue;
    payment = { ...payment, ...step.change } as typeof PAYMENT;
    if (step.capturedMinor !== null) captures.push(step.capturedMinor);
  }
  return { status: payment.status, reference: payment.reference, charge: payment.charge, captures };
}

const words = fc.array(fc.constantFrom("pending", "authorized", "captured", "failed", "cancelled"), {
  minLength: 1,
  maxLength: 10,
});

describe("a payment", () => {
  it("ends the same whatever the order in which its provider's words come, and is captured at most once", () => {
    fc.assert(
      fc.property(words, fc.infiniteStream(fc.nat()), (statuses, seeds) => {
        const told = statuses.map((status) => state(status));
        const shuffled = told
          .map((one) => ({ one, seed: seeds.next().value }))
          .toSorted((a, b) => a.seed - b.seed)
          .map(({ one }) => one);
        const [one, other] = [play(told), play([...shuffled, ...shuffled])];
        expect(other).toEqual(one);
        expect(one.captures).toEqual(statuses.includes("captured") ? [1_000] : []);
      }),
    );
  });

  it("that was cancelled and paid at the same moment is paid", () => {
    expect(play([state("cancelled"), state("captured")])).toMatchObject({
      status: "captured",
      captures: [1_000],
    });
  });

  it("keeps the reason of the last attempt that failed, until one succeeds", () => {
    const failed = advance(PAYMENT, state("pending", { failure: "insufficient_funds" }));
    expect(failed).toMatchObject({ change: { status: "pending", failure: "insufficient_funds" } });
    const paid = advance({ ...PAYMENT, status: "pending", failure: "insufficient_funds" }, state("captured"));
    expect(paid).toMatchObject({ change: { failure: null } });
  });

  it("is not believed where it cannot be what was asked for", () => {
    const known = { ...PAYMENT, status: "pending", reference: "pi_1" } as const;
    const wrong = (told: PaymentState, payment: Parameters<typeof advance>[0] = known) =>
      advance(payment, told).kind;
    expect(wrong(state("captured", { reference: "pi_2" }))).toBe("mismatch");
    expect(wrong(state("captured", { currency: "USD" }))).toBe("mismatch");
    for (const capturedMinor of [null, 0, -1, 1.5, Number.NaN, 1_001])
      expect(wrong(state("captured", { capturedMinor }))).toBe("mismatch");
    const paid = { ...known, status: "captured", charge: "ch_1" } as const;
    expect(wrong(state("captured", { charge: "ch_2" }), paid)).toBe("mismatch");
    expect(wrong(state("captured"), paid)).toBe("same");
    expect(advance(known, state("captured", { capturedMinor: 400 }))).toMatchObject({ capturedMinor: 400 });
  });
});

describe("a refund", () => {
  const REFUND = {
    status: "asked" as RefundStatus,
    reference: null as string | null,
    amountMinor: 300,
    currency: "EUR",
  };
  const told = (status: RefundState["status"], change: Partial<RefundState> = {}): RefundState => ({
    reference: "re_1",
    status,
    amountMinor: 300,
    currency: "EUR",
    at: null,
    ...change,
  });

  it("is booked so that the ledger is right in whatever order it is told of", () => {
    const statuses = fc.array(fc.constantFrom("pending", "done", "failed"), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(statuses, (all) => {
        let refund = REFUND;
        let given = 0;
        for (const status of all) {
          const step = advanceRefund(refund, told(status));
          if (step.kind !== "changed") continue;
          refund = { ...refund, status: step.status, reference: "re_1" };
          if (step.booked !== null) given += step.booked === "given" ? 1 : -1;
        }
        const failed = all.includes("failed");
        expect(given).toBe(!failed && all.includes("done") ? 1 : 0);
        expect(refund.status).toBe(failed ? "failed" : all.includes("done") ? "done" : "pending");
      }),
    );
  });

  it("of another amount or number is none of ours", () => {
    expect(advanceRefund(REFUND, told("done", { amountMinor: 301 })).kind).toBe("mismatch");
    expect(advanceRefund(REFUND, told("done", { currency: "USD" })).kind).toBe("mismatch");
    expect(advanceRefund({ ...REFUND, reference: "re_2" }, told("done")).kind).toBe("mismatch");
  });

  it("is never more than what is left, however many are asked for at once", () => {
    const amounts = fc.array(
      fc.record({
        amountMinor: fc.integer({ min: 1, max: 500 }),
        status: fc.constantFrom("asked", "pending", "done", "failed"),
        at: fc.nat(3),
      }),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000 }), amounts, (captured, list) => {
        const refunds = list.map(({ at, ...refund }, i) => ({
          ...refund,
          id: `r${i}`,
          madeAt: new Date(1_000 * at),
        }));
        const passed = refunds.filter((one) => one.status === "asked" && isCovered(captured, one, refunds));
        const sure = refunds.filter(({ status }) => status === "pending" || status === "done");
        const sum = [...passed, ...sure].reduce((total, { amountMinor }) => total + amountMinor, 0);
        const before = sure.reduce((total, { amountMinor }) => total + amountMinor, 0);
        expect(sum <= Math.max(captured, before)).toBe(true);
        const left = refundableMinor(captured, refunds);
        if (left >= 0) expect(passed.length).toBe(refunds.filter(({ status }) => status === "asked").length);
      }),
    );
  });
});

describe("what is not known", () => {
  const madeAt = new Date("2026-07-15T12:00:00Z");
  const after = (ms: number) => new Date(madeAt.getTime() + ms);

  it("is asked for in ever longer intervals, and for ever only while it is open", () => {
    const at = (polls: number, status: PaymentStatus = "pending") =>
      nextPoll({ status, polls, madeAt }, madeAt);
    expect(at(0)).toEqual(after(10_000));
    expect(at(3)).toEqual(after(80_000));
    expect(at(1_000)).toEqual(after(3_600_000));
    expect(at(1, "captured")).toBeNull();
    expect(at(1, "failed")).toBeNull();
    expect(at(1, "cancelled")).toEqual(after(20_000));
    expect(nextPoll({ status: "cancelled", polls: 9, madeAt }, after(26 * 3_600_000))).toBeNull();
    expect(nextRefundPoll({ status: "done", polls: 0, madeAt }, madeAt)).toBeNull();
    expect(nextRefundPoll({ status: "asked", polls: 0, madeAt }, after(31 * 86_400_000))).toBeNull();
  });
});

describe("the id of a request that may come again", () => {
  it("is a UUID, the same for the same person and key, and another for another", () => {
    fc.assert(
      fc.property(fc.uuid(), fc.uuid(), fc.string({ minLength: 1 }), (a, b, key) => {
        const id = idOfKey("payment", a, key);
        expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
        expect(idOfKey("payment", a, key)).toBe(id);
        expect(idOfKey("refund", a, key)).not.toBe(id);
        if (a !== b) expect(idOfKey("payment", b, key)).not.toBe(id);
      }),
    );
  });
});
