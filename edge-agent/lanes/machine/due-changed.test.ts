import { describe, expect, it } from "vitest";
import type { TerminalOutcome } from "@parkme/shared/domain/gate-record";
import { alarms, kinds } from "../testing/entry.ts";
import { attempts, exit, HOUR_MS, orders, owing, owingByCard } from "../testing/exit.ts";
import { PRICE, type Bench } from "../testing/lane-bench.ts";
import { arrive, driveThrough, settleDown } from "../testing/vehicle.ts";

/** Somebody pays for a stay, validates it or amends it elsewhere, while its vehicle waits at an exit. */

const APPROVED: TerminalOutcome = { kind: "approved", receipt: "4711", card: "**42" };
const ABORTED: TerminalOutcome = { kind: "declined", reason: "aborted" };
const UNKNOWN: TerminalOutcome = { kind: "unknown", reason: "line lost" };

function leaves(bench: Bench): void {
  bench.wait(1_000);
  driveThrough(bench);
  settleDown(bench);
}

/** What the terminal was asked to charge, in order. */
const charges = (bench: Bench): number[] =>
  bench.orders().flatMap((order) => (order.kind === "authorise" ? [order.amountMinor] : []));

describe("a vehicle that is to pay", () => {
  it("drives out when it was paid for by phone", () => {
    const { bench, stay } = owing();
    bench.payElsewhere(stay.stayId);
    expect(bench.lane().state).toBe("OPENING");
    leaves(bench);
    expect(kinds(bench)).toEqual(["normal"]);
    expect(bench.records("movement")).toMatchObject([
      { stayId: stay.stayId, quote: { total: { amountMinor: 500 } } },
    ]);
    expect(bench.records("payment"), "the lane took nothing").toEqual([]);
  });

  it("is shown what is left, and nothing else is taken", () => {
    const { bench, stay } = owing();
    bench.payElsewhere(stay.stayId, 300);
    expect(bench.lane()).toMatchObject({ state: "PAYING", display: "Please pay 2.00 EUR" });
    expect(bench.cash(stay.stayId, 500, 500)).toMatchObject({ ok: false, code: "fee_changed" });
    expect(bench.cash(stay.stayId, 500, 200)).toMatchObject({ ok: true, payment: { changeMinor: 300 } });
    expect(bench.records("payment")).toMatchObject([
      { amountMinor: 200, quote: { total: { amountMinor: 500 } }, reference: null },
    ]);
  });

  it("hears nothing of another's stay", () => {
    const { bench } = owing();
    const other = bench.parked("HHCD77", 2 * HOUR_MS);
    const before = bench.lane();
    bench.payElsewhere(other.stayId);
    expect(bench.lane()).toBe(before);
  });

  it("may pay at a lane that was closed meanwhile", () => {
    const { bench, stay } = owing();
    bench.mode("closed");
    bench.payElsewhere(stay.stayId);
    expect(bench.lane().state).toBe("OPENING");
  });

  it("whose stay was ended elsewhere is let through no more", () => {
    const { bench, stay } = owingByCard();
    const booked = bench.book.stays.get(stay.stayId);
    if (booked === undefined) throw new Error("no stay");
    booked.status = "closed";
    bench.changeDue(stay.stayId, {});
    expect(bench.lane()).toMatchObject({ state: "DENIED", attempt: null });
    expect(orders(bench)).toEqual(["authorise", "abort"]);
  });

  it("without a price is denied, and no card is charged for it", () => {
    const { bench, stay } = owingByCard();
    bench.site.price = null;
    bench.changeDue(stay.stayId, {});
    expect(bench.lane()).toMatchObject({ state: "DENIED", attempt: null });
    expect(orders(bench)).toEqual(["authorise", "abort"]);
  });
});

describe("a vehicle that was refused", () => {
  it("after its card was declined drives out when it was paid for by phone", () => {
    const { bench, stay } = owingByCard();
    bench.terminal({ kind: "declined", reason: "no cover" });
    expect(bench.lane().state).toBe("DENIED");
    bench.payElsewhere(stay.stayId);
    expect(bench.lane().state).toBe("OPENING");
  });

  it("for want of a price is asked for what it owes as soon as that is known", () => {
    const { bench, stay } = owing({ price: null });
    expect(bench.lane().state).toBe("DENIED");
    bench.site.price = PRICE;
    bench.changeDue(stay.stayId, { adjusted: -100 });
    expect(bench.lane()).toMatchObject({ state: "PAYING", display: "Please pay 4.00 EUR" });
  });
});

describe("while the terminal is asked", () => {
  it("edge case 21: paid by phone: the terminal is told to stop, and what it takes all the same is given back", () => {
    const { bench, stay } = owingByCard();
    bench.payElsewhere(stay.stayId);
    expect(bench.lane().state, "nobody waits for the terminal").toBe("OPENING");
    expect(orders(bench)).toEqual(["authorise", "abort"]);
    leaves(bench);
    bench.terminal(APPROVED);
    expect(bench.orders().at(-1)).toMatchObject({ kind: "reverse", amountMinor: 500, receipt: "4711" });
    bench.terminal({ kind: "reversed" });
    expect(attempts(bench)).toEqual(["begun", "reversing", "reversed"]);
    expect(bench.records("payment")).toEqual([]);
    expect(bench.lane()).toMatchObject({ abandoned: [], alarms: [] });
  });

  it("validated: the terminal is told to stop, and asked for less when it has", () => {
    const { bench, stay } = owingByCard();
    bench.changeDue(stay.stayId, { adjusted: -200 });
    expect(bench.lane()).toMatchObject({ state: "PAYING", attempt: null, display: "Please pay 3.00 EUR" });
    expect(orders(bench)).toEqual(["authorise", "abort"]);
    bench.terminal(ABORTED);
    expect(charges(bench)).toEqual([500, 300]);
    bench.terminal(APPROVED);
    expect(bench.lane().state).toBe("OPENING");
    expect(bench.records("payment")).toMatchObject([
      { amountMinor: 300, quote: { total: { amountMinor: 300 } }, reference: "4711" },
    ]);
  });

  it("validated, and the terminal was quicker: it gives back, and then takes less", () => {
    const { bench, stay } = owingByCard();
    bench.changeDue(stay.stayId, { adjusted: -200 });
    bench.terminal(APPROVED);
    expect(orders(bench)).toEqual(["authorise", "abort", "reverse"]);
    expect(bench.lane()).toMatchObject({ state: "PAYING", attempt: null });
    bench.terminal({ kind: "reversed" });
    expect(charges(bench)).toEqual([500, 300]);
    bench.terminal(APPROVED);
    expect(bench.book.stays.get(stay.stayId)?.paidMinor).toBe(300);
  });

  it("validated twice, it is still given back before less is charged", () => {
    const { bench, stay } = owingByCard();
    bench.changeDue(stay.stayId, { adjusted: -200 });
    bench.changeDue(stay.stayId, { adjusted: -100 });
    expect(bench.lane()).toMatchObject({ state: "PAYING", attempt: null, display: "Please pay 2.00 EUR" });
    bench.terminal(ABORTED);
    expect(charges(bench)).toEqual([500, 200]);
  });

  it("something added: the charge goes on, and the rest is asked for afterwards", () => {
    const { bench, stay } = owingByCard();
    bench.changeDue(stay.stayId, { adjusted: 400 });
    expect(bench.lane()).toMatchObject({ state: "PAYING", display: "Please pay 9.00 EUR" });
    expect(orders(bench)).toEqual(["authorise"]);
    bench.terminal(APPROVED);
    expect(charges(bench)).toEqual([500, 400]);
    bench.terminal({ ...APPROVED, receipt: "4712" });
    expect(bench.lane().state).toBe("OPENING");
    expect(bench.book.stays.get(stay.stayId)?.paidMinor).toBe(900);
  });

  it("a terminal that hears nothing of it is asked about, and does not keep the attendant from taking cash", () => {
    const { bench, stay } = owingByCard();
    bench.changeDue(stay.stayId, { adjusted: -200 });
    bench.wait(90_000);
    expect(orders(bench)).toEqual(["authorise", "abort", "enquire"]);
    expect(bench.cash(stay.stayId, 300).ok).toBe(true);
    bench.terminal(APPROVED);
    expect(orders(bench).at(-1)).toBe("reverse");
    expect(bench.book.stays.get(stay.stayId)?.paidMinor).toBe(300);
  });
});

describe("edge case 20: while nobody knows whether the card was charged", () => {
  function inDoubt() {
    const found = owingByCard();
    found.bench.terminal(UNKNOWN);
    expect(found.bench.lane().state).toBe("PAY_UNKNOWN");
    return found;
  }

  it("paid by phone: the exit opens, and the terminal is asked until it is given back", () => {
    const { bench, stay } = inDoubt();
    bench.payElsewhere(stay.stayId);
    expect(bench.lane()).toMatchObject({ state: "OPENING", alarms: ["payment_in_doubt"] });
    leaves(bench);
    bench.wait(90_000);
    expect(orders(bench).at(-1)).toBe("enquire");
    bench.terminal(APPROVED);
    bench.terminal({ kind: "reversed" });
    expect(attempts(bench)).toEqual(["begun", "unknown", "reversing", "reversed"]);
    expect(alarms(bench)).toEqual(["payment_in_doubt"]);
    expect(bench.lane()).toMatchObject({ abandoned: [], alarms: [] });
  });

  it("paid by phone while the agent was away: nothing is due, and what was charged is given back", () => {
    const { bench, stay } = inDoubt();
    bench.restart();
    bench.payElsewhere(stay.stayId);
    bench.see();
    bench.wait(300);
    bench.read("BAB1234");
    expect(bench.lane().state).toBe("OPENING");
    bench.terminal(APPROVED);
    expect(orders(bench).at(-1)).toBe("reverse");
    expect(bench.book.stays.get(stay.stayId)?.paidMinor).toBe(500);
  });

  it("validated while the agent was away: less is asked for, once the rest is given back", () => {
    const { bench, stay } = inDoubt();
    bench.restart();
    bench.changeDue(stay.stayId, { adjusted: -200 });
    bench.see();
    bench.wait(300);
    bench.read("BAB1234");
    expect(bench.lane()).toMatchObject({ state: "PAYING", attempt: null });
    bench.terminal(APPROVED);
    bench.terminal({ kind: "reversed" });
    expect(charges(bench)).toEqual([500, 300]);
  });

  it("something added: it is waited for, and then the rest is asked for", () => {
    const { bench, stay } = inDoubt();
    bench.changeDue(stay.stayId, { adjusted: 400 });
    expect(bench.lane()).toMatchObject({ state: "PAY_UNKNOWN", stay: { due: { amountMinor: 900 } } });
    bench.terminal(APPROVED);
    expect(charges(bench)).toEqual([500, 400]);
  });
});

it("edge case 44: who is let out unpaid leaves a movement with what the stay cost", () => {
  const { bench, stay } = owingByCard();
  expect(bench.vend().ok).toBe(true);
  leaves(bench);
  expect(bench.records("movement")).toMatchObject([
    { stayId: stay.stayId, kind: "vend", quote: { total: { amountMinor: 500 } } },
  ]);
  bench.terminal(APPROVED);
  expect(bench.records("payment"), "a late capture pays its stay").toMatchObject([
    { stayId: stay.stayId, amountMinor: 500, quote: null, reference: "4711" },
  ]);
});

describe("a code that is refused", () => {
  it("is told to the driver, at the reader and in an alarm; the same once more is nothing new", () => {
    const bench = exit();
    arrive(bench, null);
    bench.refuseCode("For another car park");
    bench.refuseCode("For another car park");
    expect(bench.lane()).toMatchObject({ state: "ARMED", display: "For another car park", alarms: [] });
    expect(bench.records("alarm")).toMatchObject([{ kind: "code_refused", detail: "For another car park" }]);
    expect(orders(bench)).toEqual(["denied"]);
  });

  it("leaves what is to be paid in view", () => {
    const { bench } = owing();
    bench.refuseCode("Wrong signature");
    bench.refuseCode("Not valid any more");
    expect(bench.lane().display).toBe("Not valid any more. Please pay 5.00 EUR");
  });

  it("is told of three times for one vehicle, and again for the next", () => {
    const bench = exit();
    arrive(bench, null);
    for (let i = 0; i < 20; i++) bench.refuseCode(`Wrong in way ${i}`);
    expect(alarms(bench)).toHaveLength(3);
    bench.set({ arming: false });
    bench.wait(2_000);
    arrive(bench, null);
    bench.refuseCode("Wrong once more");
    expect(alarms(bench)).toHaveLength(4);
  });

  it("is nothing where nobody waits", () => {
    const bench = exit();
    bench.refuseCode("Wrong signature");
    expect(bench.lane().display).toBe("");
    expect(alarms(bench)).toEqual([]);
  });
});
