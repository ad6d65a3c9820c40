import { describe, expect, it } from "vitest";
import type { Told } from "../../journal.ts";
import { goodDay, type Day } from "../testing/day.ts";
import { SHIFT } from "../testing/gate-books.ts";
import { SCHEDULE } from "../testing/places.ts";

const judged = (day: Day) => day.judged(SCHEDULE, ["cash"]);
const cash = (amountMinor: number, why: "payment" | "refund"): Told => ({
  kind: "cash",
  actor: "alex",
  visit: 1,
  amountMinor,
  for: why,
});
const shift = (expectedMinor: number, countedMinor: number) => ({
  id: SHIFT,
  attendant: "alex",
  floatMinor: 5_000,
  closedAtMs: 1,
  zNumber: 1,
  expectedMinor,
  countedMinor,
});

describe("cash", () => {
  it("of a good day is what is booked", () => {
    expect(judged(goodDay())).toEqual([]);
  });

  it("breaks where money was handed over and not booked, or booked and not handed over", () => {
    expect(judged(goodDay().tell(cash(500, "payment")))).toEqual([
      "cash: alex kept 1100 in cash for payments, and 600 are booked",
    ]);
    expect(judged(goodDay().without(({ kind }) => kind === "cash"))).toEqual([
      "cash: alex kept 0 in cash for payments, and 600 are booked",
    ]);
  });

  it("breaks where a payment is booked twice", () => {
    const day = goodDay();
    const paid = day.gate.rows.payments.find(({ method }) => method === "cash");
    if (paid !== undefined) day.gate.rows.payments.push({ ...paid, id: "again" });
    expect(judged(day)).toHaveLength(1);
  });

  it("breaks where a refund is not booked", () => {
    expect(judged(goodDay().tell(cash(-100, "refund")))).toEqual([
      "cash: alex gave 100 back in cash, and 0 are booked",
    ]);
  });

  it("breaks where a drawer is not what was booked into it, or was counted to be another", () => {
    const closed = (expectedMinor: number, countedMinor: number) => {
      const day = goodDay();
      day.gate.rows.shifts = [shift(expectedMinor, countedMinor)];
      return judged(day);
    };
    expect(closed(5_600, 5_600)).toEqual([]);
    expect(closed(5_500, 5_500)).toEqual([
      "cash: the drawer of alex should hold 5600, and the shift says 5500",
    ]);
    expect(closed(5_600, 5_500)).toEqual(["cash: alex counted 5500, and 5600 should be in the drawer"]);
  });

  it("may be forgotten by a file that was put back, and never more than there was", () => {
    const restored: Told = { kind: "fault", id: 1, fault: "edge_restored", on: true, target: "" };
    expect(judged(goodDay().tell(restored, cash(500, "payment")))).toEqual([]);
    expect(judged(goodDay().tell(restored, cash(-500, "payment")))).toHaveLength(1);
    const day = goodDay().tell(restored, cash(500, "payment"));
    day.gate.rows.shifts = [shift(5_600, 6_100)];
    expect(judged(day)).toEqual([]);
  });
});
