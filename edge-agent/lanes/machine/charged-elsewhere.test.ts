import { describe, expect, it } from "vitest";
import { attempts, exit, HOUR_MS, orders, owing } from "../testing/exit.ts";
import { arrive, driveThrough, settleDown } from "../testing/vehicle.ts";

/** Edge case 20: a card was asked for at a pay station or the desk, and nobody knows yet whether it was charged. */

const CHECKED = "A payment is being checked";

/** A vehicle that comes to the exit with its card in doubt at a pay station. */
function inDoubtElsewhere(terminal = true) {
  const bench = exit({ lane: { terminal } });
  const stay = bench.parked("BAB1234", 2 * HOUR_MS);
  bench.chargeElsewhere(stay.stayId);
  arrive(bench, "BAB1234");
  return { bench, stay };
}

describe("a vehicle whose card may be charged at a pay station", () => {
  it("is told so, and neither its card nor cash is taken, however often the lane asks again", () => {
    const { bench, stay } = inDoubtElsewhere();
    bench.wait(60_000);
    expect(bench.lane()).toMatchObject({
      state: "DENIED",
      display: CHECKED,
      chargedAt: "lobby",
      trouble: "A card payment of this stay is not settled at lobby",
    });
    expect(bench.cash(stay.stayId, 500, 500)).toMatchObject({ ok: false, code: "card_in_doubt" });
    expect(orders(bench)).toEqual([]);
    expect(bench.records("payment")).toEqual([]);
  });

  it("drives out when it was charged there", () => {
    const { bench, stay } = inDoubtElsewhere();
    bench.settleElsewhere(stay.stayId, true);
    expect(bench.lane()).toMatchObject({ state: "OPENING", chargedAt: null, trouble: null });
    expect(attempts(bench)).toEqual([]);
    expect(bench.book.stays.get(stay.stayId)?.paidMinor).toBe(500);
  });

  it("is asked to pay when it was not", () => {
    const { bench, stay } = inDoubtElsewhere();
    bench.settleElsewhere(stay.stayId, false);
    expect(bench.lane()).toMatchObject({ state: "PAYING", display: "Please pay 5.00 EUR", chargedAt: null });
    expect(orders(bench)).toEqual(["authorise"]);
  });

  it("is asked for what it owes more, when that is settled", () => {
    const { bench, stay } = inDoubtElsewhere(false);
    bench.changeDue(stay.stayId, { adjusted: 400 });
    expect(bench.lane().display).toBe(CHECKED);
    bench.settleElsewhere(stay.stayId, true);
    expect(bench.lane()).toMatchObject({ state: "PAYING", display: "Please pay 4.00 EUR" });
  });

  it("drives out when nothing is due any more, whatever becomes of its card", () => {
    const { bench, stay } = inDoubtElsewhere();
    bench.payElsewhere(stay.stayId);
    expect(bench.lane().state).toBe("OPENING");
  });

  it("is let out by an attendant with what it owes, and keeps no other waiting", () => {
    const { bench, stay } = inDoubtElsewhere();
    expect(bench.vend().ok).toBe(true);
    bench.wait(1_000);
    driveThrough(bench);
    settleDown(bench);
    expect(bench.records("movement")).toMatchObject([
      { stayId: stay.stayId, kind: "vend", quote: { total: { amountMinor: 500 } } },
    ]);
    const next = bench.parked("HHCD77", 2 * HOUR_MS);
    arrive(bench, "HHCD77");
    expect(bench.lane()).toMatchObject({ state: "PAYING", stay: { stayId: next.stayId } });
  });

  it("may be another stay by an attendant's word, and that one pays", () => {
    const { bench, stay } = inDoubtElsewhere(false);
    const other = bench.parked("HHCD77", 2 * HOUR_MS);
    expect(bench.identify(other.stayId).ok).toBe(true);
    expect(bench.lane()).toMatchObject({ state: "PAYING", chargedAt: null });
    expect(bench.cash(stay.stayId, 500, 500)).toMatchObject({ ok: false, code: "other_stay" });
    expect(bench.cash(other.stayId, 500, 500).ok).toBe(true);
  });
});

it("a vehicle that is to pay in cash waits while its driver pays by card at the desk", () => {
  const { bench, stay } = owing();
  expect(bench.lane().state).toBe("PAYING");
  bench.chargeElsewhere(stay.stayId);
  expect(bench.lane()).toMatchObject({ state: "DENIED", display: CHECKED });
  expect(bench.cash(stay.stayId, 500, 500)).toMatchObject({ ok: false, code: "card_in_doubt" });
  bench.settleElsewhere(stay.stayId, false);
  expect(bench.cash(stay.stayId, 500).ok).toBe(true);
});
