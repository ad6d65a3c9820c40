import { describe, expect, it } from "vitest";
import type { StayInHand, TerminalOutcome } from "@parkme/shared/domain/gate-record";
import { actions, alarms, kinds } from "../testing/entry.ts";
import { attempts, exit, HOUR_MS, orders, owing, owingByCard } from "../testing/exit.ts";
import { DEARER_PRICE, type Bench } from "../testing/lane-bench.ts";
import { arrive, driveThrough, settleDown } from "../testing/vehicle.ts";

const APPROVED: TerminalOutcome = { kind: "approved", receipt: "4711", card: "**42" };
const DECLINED: TerminalOutcome = { kind: "declined", reason: "no cover" };
const UNKNOWN: TerminalOutcome = { kind: "unknown", reason: "line lost" };

const paidMinor = (bench: Bench, stay: StayInHand): number | undefined =>
  bench.book.stays.get(stay.stayId)?.paidMinor;

/** The vehicle drives back from the closed arm, and the lane forgets it. */
function turnsAway(bench: Bench): void {
  bench.set({ arming: false });
  bench.wait(1_500);
  expect(bench.lane().state).toBe("IDLE");
}

/** The terminal has not answered in time: the lane asks what became of the payment. */
function inDoubt(): { bench: Bench; stay: StayInHand } {
  const found = owingByCard();
  found.bench.wait(90_000);
  expect(found.bench.lane().state).toBe("PAY_UNKNOWN");
  return found;
}

describe("a card payment", () => {
  it("is written down before the terminal is asked, and opens when it is approved", () => {
    const { bench, stay } = owingByCard();
    expect(attempts(bench)).toEqual(["begun"]);
    expect(bench.orders()).toMatchObject([{ kind: "authorise", amountMinor: 500 }]);
    expect(bench.lane().display).toBe("Please pay 5.00 EUR");
    bench.terminal(APPROVED);
    const [attempt] = bench.book.attempts.keys();
    expect(bench.records("payment")).toMatchObject([
      { method: "card", amountMinor: 500, changeMinor: 0, actor: "terminal", idempotencyKey: attempt },
    ]);
    expect(bench.lane().state).toBe("OPENING");
    bench.wait(1_000);
    driveThrough(bench);
    settleDown(bench);
    expect(bench.book.stays.get(stay.stayId)).toMatchObject({ status: "closed", paidMinor: 500 });
    expect(kinds(bench)).toEqual(["normal"]);
  });

  it("that is declined says why, and is tried again; after three the attendant helps", () => {
    const { bench } = owingByCard();
    bench.terminal(DECLINED);
    expect(bench.lane()).toMatchObject({ state: "DENIED", display: "Card declined: no cover" });
    bench.wait(5_000);
    bench.terminal(DECLINED);
    bench.wait(5_000);
    bench.terminal(DECLINED);
    expect(bench.lane()).toMatchObject({ state: "PAYING", attempt: null });
    expect(bench.lane().display).toBe("Please pay 5.00 EUR at the desk");
    bench.wait(HOUR_MS);
    expect(orders(bench)).toEqual(["authorise", "authorise", "authorise"]);
    expect(bench.cash(bench.lane().stay!.stayId, 500).ok).toBe(true);
  });

  it("edge case 31: that the terminal does not take on leaves cash, and is tried again when it works", () => {
    const { bench } = owingByCard();
    bench.terminal({ kind: "refused", reason: "offline" });
    bench.device("terminal", false);
    expect(bench.lane()).toMatchObject({ state: "PAYING", attempt: null });
    expect(bench.lane().display).toBe("Please pay 5.00 EUR at the desk");
    bench.device("terminal", true);
    expect(orders(bench)).toEqual(["authorise", "authorise"]);
    bench.terminal(APPROVED);
    expect(attempts(bench)).toEqual(["begun", "refused", "begun", "approved"]);
  });

  it("edge case 31: is not begun while the terminal is known to be out of order", () => {
    const bench = exit({ lane: { terminal: true } });
    const stay = bench.parked("BAB1234", 2 * HOUR_MS);
    bench.device("terminal", false);
    arrive(bench, "BAB1234");
    expect(orders(bench)).toEqual([]);
    expect(bench.cash(stay.stayId, 500).ok).toBe(true);
  });

  it("is never taken beside cash: the terminal gives up first, then cash is taken", () => {
    const { bench, stay } = owingByCard();
    expect(bench.cash(stay.stayId, 500)).toMatchObject({ ok: false, code: "card_under_way" });
    expect(bench.cash(stay.stayId, 500)).toMatchObject({ ok: false, code: "card_under_way" });
    expect(orders(bench)).toEqual(["authorise", "abort"]);
    bench.terminal({ kind: "declined", reason: "aborted" });
    expect(bench.lane().state).toBe("PAYING");
    bench.device("terminal", true);
    expect(orders(bench), "the attendant takes the cash").toEqual(["authorise", "abort"]);
    expect(bench.cash(stay.stayId, 500).ok).toBe(true);
    expect(paidMinor(bench, stay)).toBe(500);
  });

  it("that was quicker than its abort is the payment", () => {
    const { bench, stay } = owingByCard();
    bench.cash(stay.stayId, 500);
    bench.terminal(APPROVED);
    expect(bench.lane().state).toBe("OPENING");
    expect(paidMinor(bench, stay)).toBe(500);
  });

  it("of a fee that has grown meanwhile leaves the rest to pay", () => {
    const { bench, stay } = inDoubt();
    turnsAway(bench);
    expect(bench.lane().abandoned).toHaveLength(1);
    bench.site.price = DEARER_PRICE;
    arrive(bench, "BAB1234");
    expect(bench.lane()).toMatchObject({ state: "PAY_UNKNOWN", stay: { due: { amountMinor: 900 } } });
    bench.terminal(APPROVED);
    expect(bench.lane()).toMatchObject({ state: "PAYING", stay: { due: { amountMinor: 400 } } });
    bench.terminal(APPROVED);
    expect(bench.lane().state).toBe("OPENING");
    expect(paidMinor(bench, stay)).toBe(900);
  });

  it("is not lost with the sight of the lane: the driver who stands there still is asked about, not charged", () => {
    const { bench, stay } = owingByCard();
    bench.lose();
    expect(orders(bench)).toEqual(["authorise", "abort"]);
    bench.wait(2_000);
    bench.see();
    bench.wait(300);
    expect(bench.lane().state).toBe("PAY_UNKNOWN");
    expect(orders(bench)).toEqual(["authorise", "abort", "enquire"]);
    bench.terminal(APPROVED);
    expect(paidMinor(bench, stay)).toBe(500);
    expect(bench.lane().state).toBe("OPENING");
  });
});

describe("edge case 20: a payment whose outcome nobody knows", () => {
  it("is asked about, and never charged again", () => {
    const { bench } = inDoubt();
    expect(orders(bench)).toEqual(["authorise", "enquire"]);
    for (let i = 0; i < 3; i++) bench.terminal(UNKNOWN);
    bench.wait(15_000);
    expect(orders(bench)).toEqual(["authorise", "enquire", "enquire", "enquire", "enquire"]);
    expect(alarms(bench)).toEqual(["payment_in_doubt"]);
    expect(bench.records("stay_review")).toMatchObject([{ review: "paid_in_doubt" }]);
    bench.terminal(APPROVED);
    expect(bench.lane()).toMatchObject({ state: "OPENING", alarms: [] });
    expect(attempts(bench)).toEqual(["begun", "unknown", "approved"]);
    expect(bench.records("payment")).toHaveLength(1);
  });

  it("that was not charged may be tried anew", () => {
    const { bench } = inDoubt();
    bench.terminal(DECLINED);
    expect(bench.lane().state).toBe("PAYING");
    expect(orders(bench)).toEqual(["authorise", "enquire", "authorise"]);
  });

  it("takes no cash meanwhile", () => {
    const { bench, stay } = inDoubt();
    expect(bench.cash(stay.stayId, 500)).toMatchObject({ ok: false, code: "payment_in_doubt" });
    expect(bench.records("payment")).toEqual([]);
  });

  it("does not hold the driver: an attendant may vend, and what is captured later pays for the stay", () => {
    const { bench, stay } = inDoubt();
    expect(bench.vend().ok).toBe(true);
    bench.wait(1_000);
    driveThrough(bench);
    settleDown(bench);
    expect(bench.book.stays.get(stay.stayId)?.status).toBe("closed");
    bench.wait(90_000);
    bench.terminal(APPROVED);
    expect(paidMinor(bench, stay)).toBe(500);
    expect(bench.lane()).toMatchObject({ abandoned: [], timers: {} });
    expect(actions(bench)).toEqual(["open", "close"]);
  });

  it("is given back when the driver leaves and it is captured after all", () => {
    const { bench, stay } = inDoubt();
    turnsAway(bench);
    bench.wait(90_000);
    bench.terminal(APPROVED);
    expect(bench.orders().at(-1)).toMatchObject({ kind: "reverse", amountMinor: 500, receipt: "4711" });
    bench.terminal({ kind: "reversed" });
    expect(attempts(bench)).toEqual(["begun", "unknown", "reversing", "reversed"]);
    expect(paidMinor(bench, stay)).toBe(0);
    expect(bench.lane()).toMatchObject({ abandoned: [], alarms: [] });
  });

  it("is asked about again until it is given back, and a person is told", () => {
    const { bench } = inDoubt();
    turnsAway(bench);
    bench.terminal(APPROVED);
    bench.terminal({ kind: "refused", reason: "offline" });
    expect(bench.lane().alarms).toEqual(["payment_in_doubt"]);
    bench.wait(180_000);
    expect(orders(bench).slice(-3)).toEqual(["reverse", "reverse", "reverse"]);
    bench.terminal(APPROVED);
    expect(bench.lane().abandoned).toHaveLength(1);
    bench.terminal({ kind: "reversed" });
    expect(bench.lane()).toMatchObject({ abandoned: [], alarms: [] });
  });

  it("while it is given back, the same stay is not charged; afterwards it is", () => {
    const { bench } = inDoubt();
    turnsAway(bench);
    bench.terminal(APPROVED);
    arrive(bench, "BAB1234");
    expect(bench.lane()).toMatchObject({ state: "PAYING", attempt: null });
    expect(orders(bench).filter((kind) => kind === "authorise")).toHaveLength(1);
    bench.terminal({ kind: "reversed" });
    expect(bench.lane().attempt?.phase).toBe("asked");
    expect(orders(bench).filter((kind) => kind === "authorise")).toHaveLength(2);
  });

  it("is applied when its vehicle is back at the lane, unpaid", () => {
    const { bench, stay } = inDoubt();
    turnsAway(bench);
    arrive(bench, "BAB1234");
    expect(bench.lane().state).toBe("PAY_UNKNOWN");
    bench.terminal(APPROVED);
    expect(bench.lane().state).toBe("OPENING");
    expect(paidMinor(bench, stay)).toBe(500);
    expect(orders(bench).filter((kind) => kind === "authorise")).toHaveLength(1);
  });

  it("does not keep the next driver from paying by card, once the terminal has answered about it", () => {
    const { bench } = owingByCard();
    turnsAway(bench);
    const other = bench.parked("HHCD77", 2 * HOUR_MS);
    arrive(bench, "HHCD77");
    expect(bench.lane(), "the terminal is busy with the last one").toMatchObject({
      state: "PAYING",
      attempt: null,
    });
    bench.tell({
      kind: "terminal",
      attemptId: bench.lane().abandoned[0]!.attemptId,
      outcome: { kind: "declined", reason: "aborted" },
    });
    expect(bench.lane().attempt).toMatchObject({ stayId: other.stayId, phase: "asked" });
  });

  it("outlives a restart: the terminal is asked at once, and what it took pays for the stay", () => {
    const { bench, stay } = owingByCard();
    bench.restart();
    bench.set({ arming: false });
    bench.see();
    bench.wait(1);
    expect(orders(bench)).toEqual(["authorise", "enquire"]);
    bench.terminal(APPROVED);
    expect(orders(bench)).toEqual(["authorise", "enquire"]);
    expect(paidMinor(bench, stay)).toBe(500);
    expect(bench.records("payment")).toMatchObject([{ quote: null, reference: "4711" }]);
  });

  it("outlives a restart, and is given back where its stay has ended and was paid otherwise", () => {
    const { bench, stay } = inDoubt();
    bench.payElsewhere(stay.stayId);
    bench.wait(1_000);
    driveThrough(bench);
    settleDown(bench);
    bench.restart();
    bench.see();
    bench.wait(1);
    bench.terminal(APPROVED);
    expect(orders(bench).at(-1)).toBe("reverse");
    expect(paidMinor(bench, stay)).toBe(500);
  });

  it("of many drivers is bounded: then no card is charged any more", () => {
    const bench = exit({ lane: { terminal: true } });
    for (let i = 0; i < 12; i++) {
      const plate = `XY${100 + i}`;
      bench.parked(plate, 2 * HOUR_MS);
      arrive(bench, plate);
      bench.wait(90_000);
      if (bench.lane().state === "PAY_UNKNOWN") bench.terminal(UNKNOWN);
      turnsAway(bench);
    }
    expect(bench.lane().abandoned).toHaveLength(8);
    expect(orders(bench).filter((kind) => kind === "authorise")).toHaveLength(8);
  });

  it("keeps its answers apart: one for a payment nobody knows changes nothing", () => {
    const { bench } = owingByCard();
    const before = bench.lane();
    bench.tell({
      kind: "terminal",
      attemptId: "01890000-0000-7000-8000-00000000ffff" as never,
      outcome: APPROVED,
    });
    expect(bench.lane()).toEqual(before);
  });
});

describe("leaving mid-payment", () => {
  it("gives the payment up, and nothing is owed when it is declined", () => {
    const { bench } = owingByCard();
    turnsAway(bench);
    expect(orders(bench)).toEqual(["authorise", "abort"]);
    bench.terminal({ kind: "declined", reason: "aborted" });
    expect(attempts(bench)).toEqual(["begun", "declined"]);
    expect(bench.lane()).toMatchObject({ abandoned: [], timers: {} });
  });

  it("row 33: under an alarm of fire is leaving too, and the stay ends when its vehicle drives out", () => {
    const { bench, stay } = owingByCard();
    bench.set({ fire: true });
    expect(orders(bench)).toEqual(["authorise", "abort"]);
    bench.wait(1_000);
    driveThrough(bench);
    expect(bench.records("movement")).toMatchObject([
      { kind: "free", stayId: stay.stayId, direction: "out" },
    ]);
    expect(bench.book.stays.get(stay.stayId)?.status).toBe("closed");
    bench.terminal(APPROVED);
    expect(orders(bench).at(-1)).toBe("reverse");
  });
});

describe("what is due", () => {
  it("edge case 23: after the exit grace is the difference only", () => {
    const { bench, stay } = owing();
    bench.cash(stay.stayId, 500);
    bench.wait(1_000);
    bench.set({ arming: false });
    bench.wait(10_000);
    bench.reset();
    bench.wait(10_000);
    bench.site.price = DEARER_PRICE;
    arrive(bench, "BAB1234");
    expect(bench.lane()).toMatchObject({ state: "PAYING", display: "Please pay 4.00 EUR" });
  });

  it("is nothing where a right covers the stay: the arm opens", () => {
    const bench = exit({ lane: { terminal: true } });
    const stay = bench.parked("BAB1234", 2 * HOUR_MS, { right: { kind: "permit", id: "p" } });
    arrive(bench, "BAB1234");
    expect(bench.lane().state).toBe("OPENING");
    bench.wait(1_000);
    driveThrough(bench);
    settleDown(bench);
    expect(bench.records("movement")).toMatchObject([
      { stayId: stay.stayId, quote: { total: { amountMinor: 0 } }, kind: "normal" },
    ]);
  });
});
