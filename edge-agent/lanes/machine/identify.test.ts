import { describe, expect, it } from "vitest";
import type { StayId } from "@parkme/shared/domain/ids";
import type { TerminalOutcome } from "@parkme/shared/domain/gate-record";
import { entry } from "../testing/entry.ts";
import { exit, HOUR_MS, MINUTE_MS, orders, owingByCard } from "../testing/exit.ts";
import { arrive, driveThrough, settleDown } from "../testing/vehicle.ts";

/** An attendant says which stay the vehicle at the arm is. */

const APPROVED: TerminalOutcome = { kind: "approved", receipt: "4711", card: "**42" };
const NOBODY = "01890000-0000-7000-8000-000000000009" as StayId;

describe("a vehicle that an attendant knows", () => {
  it("edge case 10: leaves without plate or ticket, pays what its stay costs, and that stay ends", () => {
    const bench = exit();
    const stay = bench.parked(null, 2 * HOUR_MS);
    arrive(bench, null);
    expect(bench.identify(stay.stayId)).toEqual({ ok: true, payment: null });
    expect(bench.lane()).toMatchObject({ state: "PAYING", display: "Please pay 5.00 EUR" });
    expect(bench.records("identified")).toEqual([
      { type: "identified", stayId: stay.stayId, actor: "alex", reason: "the driver has shown the papers" },
    ]);
    expect(bench.cash(stay.stayId, 500).ok).toBe(true);
    bench.wait(1_000);
    driveThrough(bench);
    settleDown(bench);
    expect(bench.book.stays.get(stay.stayId)).toMatchObject({ status: "closed", paidMinor: 500 });
    expect(bench.lane().chosen).toBeNull();
  });

  it("edge case 9: leaves under another plate than the one it came in with, and is free where nothing is due", () => {
    const bench = exit();
    const stay = bench.parked("HHCD77", MINUTE_MS);
    arrive(bench, "MXY999");
    expect(bench.lane().state).toBe("DENIED");
    expect(bench.identify(stay.stayId).ok).toBe(true);
    expect(bench.lane().state).toBe("OPENING");
    bench.wait(1_000);
    driveThrough(bench);
    settleDown(bench);
    expect(bench.records("movement")).toMatchObject([{ stayId: stay.stayId, plate: "HHCD77" }]);
  });

  it("edge case 13: came in unseen, and leaves by the stay that was begun for it by hand", () => {
    const bench = exit();
    arrive(bench, "MXY999");
    expect(bench.lane().display).toBe("No stay found for MXY999. Please call the attendant");
    const begun = bench.parked(null, 2 * HOUR_MS);
    expect(bench.identify(begun.stayId).ok).toBe(true);
    expect(bench.lane()).toMatchObject({ state: "PAYING", display: "Please pay 5.00 EUR" });
  });

  it("is not taken for another when its card is declined, a camera reads on, or the same is asked again", () => {
    const bench = exit({ lane: { terminal: true } });
    const stay = bench.parked("HHCD77", 2 * HOUR_MS);
    bench.parked("MXY999", 2 * HOUR_MS);
    arrive(bench, null);
    bench.identify(stay.stayId);
    bench.terminal({ kind: "declined", reason: "no cover" });
    for (let i = 0; i < 3; i++) bench.read("MXY999");
    bench.wait(5_000);
    expect(bench.lane()).toMatchObject({ state: "PAYING", stay: { stayId: stay.stayId } });
    expect(bench.records("identified"), "written down once").toHaveLength(1);
  });

  it("is whatever it shows afterwards", () => {
    const bench = exit();
    const wrong = bench.parked("HHCD77", 2 * HOUR_MS);
    const right = bench.parked("MXY999", MINUTE_MS);
    arrive(bench, null);
    bench.identify(wrong.stayId);
    bench.wait(2_000);
    bench.show({ kind: "ticket", text: right.ticketNumber });
    expect(bench.lane()).toMatchObject({ state: "OPENING", credit: { stay: { stayId: right.stayId } } });
  });
});

describe("while a card is charged", () => {
  it("for another vehicle's stay, that is given up and given back, and the right one is asked for", () => {
    const { bench } = owingByCard();
    const right = bench.parked("MXY999", 2 * HOUR_MS);
    expect(bench.identify(right.stayId).ok).toBe(true);
    expect(bench.lane()).toMatchObject({ state: "PAYING", attempt: null, stay: { stayId: right.stayId } });
    bench.terminal(APPROVED);
    expect(orders(bench)).toEqual(["authorise", "abort", "reverse"]);
    bench.terminal({ kind: "reversed" });
    bench.terminal(APPROVED);
    expect(bench.records("payment")).toMatchObject([{ stayId: right.stayId, amountMinor: 500 }]);
    expect(bench.lane().state).toBe("OPENING");
  });

  it("for the same stay, it goes on", () => {
    const { bench, stay } = owingByCard();
    expect(bench.identify(stay.stayId).ok).toBe(true);
    expect(orders(bench)).toEqual(["authorise"]);
    expect(bench.records("identified")).toHaveLength(1);
    bench.terminal(APPROVED);
    expect(bench.lane().state).toBe("OPENING");
  });
});

describe("an attendant's word is refused", () => {
  it("where nobody stands at the arm, be it gone or not there yet", () => {
    const bench = exit();
    const stay = bench.parked("HHCD77", 2 * HOUR_MS);
    expect(bench.identify(stay.stayId)).toMatchObject({ ok: false, code: "not_waiting" });
    arrive(bench, "HHCD77");
    bench.set({ arming: false });
    expect(bench.lane().state, "for a moment longer").toBe("PAYING");
    expect(bench.identify(stay.stayId)).toMatchObject({ ok: false, code: "not_waiting" });
    expect(bench.records("identified")).toEqual([]);
  });

  it("at an entry, where nobody is let out", () => {
    const bench = entry();
    const stay = bench.parked("HHCD77", 2 * HOUR_MS);
    arrive(bench, null);
    expect(bench.identify(stay.stayId)).toMatchObject({ ok: false, code: "not_waiting" });
  });

  it("for a stay that is not inside: nothing is written, and the plate counts again", () => {
    const bench = exit();
    bench.parked("HHCD77", MINUTE_MS);
    arrive(bench, null);
    expect(bench.identify(NOBODY)).toMatchObject({ ok: false, code: "no_stay" });
    expect(bench.lane()).toMatchObject({ state: "DENIED", chosen: null });
    expect(bench.records("identified")).toEqual([]);
    bench.read("HHCD77");
    expect(bench.lane().state).toBe("OPENING");
  });
});
