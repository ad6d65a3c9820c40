import { describe, expect, it } from "vitest";
import type { Told } from "../../journal.ts";
import { Day, goodDay, quoteOf, stayOf } from "../testing/day.ts";
import { HOUR_MS, MINUTE_MS, SCHEDULE, START_MS, TARIFF } from "../testing/places.ts";

const judged = (day: Day) => day.judged(SCHEDULE, ["prices"]);
const { stayId } = stayOf(1, 0);

/** Vehicle 1 comes in and pays that much so long after; it leaves at once. */
const leavesAfter = (stayMs: number, minor: number): Day => {
  const day = new Day().at(0);
  const stay = day.comesIn(1);
  return day.at(stay.entryWallMs - START_MS + stayMs).goesOut(1, stay, { method: "cash", minor });
};

describe("prices", () => {
  it("of a good day are the reference's", () => {
    expect(judged(goodDay())).toEqual([]);
  });

  it.each([
    ["an hour too few", 2.5 * HOUR_MS, 400],
    ["an hour too many", 2.5 * HOUR_MS, 800],
    ["a cent too many", 2.5 * HOUR_MS, 601],
    ["something within the free time", 2 * MINUTE_MS, 200],
  ])("break where somebody pays for %s", (_what, stayMs, minor) => {
    expect(judged(leavesAfter(stayMs, minor))).toHaveLength(1);
  });

  it("says who was charged what, and what it costs", () => {
    expect(judged(leavesAfter(2.5 * HOUR_MS, 400))).toEqual([
      `prices: stay ${stayId} (BAB123) was charged 400, and costs 600`,
    ]);
  });

  it("keeps to either price where an hour is over while the driver stands there", () => {
    const standsMs = 2 * HOUR_MS - 1_000;
    expect(judged(leavesAfter(standsMs, 400))).toEqual([]);
    expect(judged(leavesAfter(standsMs, 600))).toEqual([]);
    expect(judged(leavesAfter(standsMs, 500))).toHaveLength(1);
  });

  it("keeps within the grace after paying, and breaks after it", () => {
    const paidEarlier = (leavesMs: number, fee: number) => {
      const day = new Day();
      const stay = day.comesIn(1);
      day.at(HOUR_MS - MINUTE_MS).pays("desk", stay, { method: "cash", minor: 200 }, 1);
      day.at(HOUR_MS - MINUTE_MS + leavesMs).drivesUp("exit-1", 1);
      day
        .pulse("exit-1", "open")
        .arm("exit-1", "up")
        .goesThrough("exit-1", 1, stay, { quote: quoteOf(fee) });
      return judged(day);
    };
    expect(paidEarlier(14 * MINUTE_MS, 200)).toEqual([]);
    expect(paidEarlier(14 * MINUTE_MS, 400)).not.toEqual([]);
    expect(paidEarlier(16 * MINUTE_MS, 200)).toEqual([
      `prices: stay ${stayId} (BAB123) was charged 200, and costs 400`,
    ]);
  });

  it("breaks where the ledger charges something else than the fee", () => {
    const day = goodDay();
    day.gate.rows.ledger = day.gate.rows.ledger.map((entry) =>
      entry.kind === "charge" && entry.stayId === stayId ? { ...entry, amountMinor: 500 } : entry,
    );
    expect(judged(day)).toEqual([`prices: stay ${stayId} left for 600, and the ledger charges it 500`]);
    const row = JSON.stringify({ stay_id: stayId });
    day.gate.rows.conflicts = [{ tableName: "movements", row, reason: "taken" }];
    expect(judged(day)).toEqual([]);
  });

  it("breaks where somebody is let out by paying and owes something", () => {
    const day = goodDay();
    day.gate.change(stayId, { balanceMinor: 100 });
    expect(judged(day)).toEqual([`prices: stay ${stayId} was let out by paying, and owes 100`]);
  });

  it("takes off what merchants gave, and what a lost ticket costs", () => {
    const validated = leavesAfter(2.5 * HOUR_MS, 300);
    validated.gate.rows.validations = [
      { stayId, name: "half", value: '{"kind":"percent","bps":5000}', atMs: START_MS },
    ];
    expect(judged(validated)).toEqual([]);
    const late = leavesAfter(2.5 * HOUR_MS, 300);
    late.gate.rows.validations = [
      { stayId, name: "half", value: '{"kind":"percent","bps":5000}', atMs: START_MS + 1e9 },
    ];
    expect(judged(late)).toHaveLength(1);
  });

  it("breaks where a stay is priced by a version that was not in force, or not the facility's", () => {
    const newer = { tariffId: "house", version: 2, fromMs: START_MS + HOUR_MS, takenAtMs: START_MS };
    const other = goodDay();
    other.gate.rows.tariffs.push({ ...newer, document: JSON.stringify(TARIFF) });
    expect(judged(other)).toEqual([
      "prices: the gate's version 2 of tariff house is not what the facility published",
    ]);
    const site = { ...SCHEDULE.site, tariffs: [TARIFF, TARIFF] };
    expect(other.judged({ ...SCHEDULE, site }, ["prices"])).toEqual([]);
    other.gate.change(stayId, { tariffVersion: 2 });
    expect(other.judged({ ...SCHEDULE, site }, ["prices"])).toEqual([
      `prices: stay ${stayId} is priced by version 2, and version 1 was in force when it began`,
    ]);
  });

  it("does not judge who stood at the exit while the clock was set", () => {
    const day = new Day();
    const stay = day.comesIn(1);
    day.at(2.5 * HOUR_MS).drivesUp("exit-1", 1);
    const steps: Told = { kind: "fault", id: 1, fault: "clock_steps", on: true, target: "" };
    day.tell(steps).pays("exit-1", stay, { method: "cash", minor: 200 }, 1);
    day
      .pulse("exit-1", "open")
      .arm("exit-1", "up")
      .goesThrough("exit-1", 1, stay, { quote: quoteOf(200) });
    expect(judged(day)).toEqual([]);
  });
});
