import { describe, expect, it } from "vitest";
import { createReport } from "./report.ts";
import { goodDay } from "./testing/day.ts";
import { SCHEDULE } from "./testing/places.ts";
import type { Violation } from "./violation.ts";

const WRONG: Violation = {
  rule: "cash",
  step: 12,
  atMs: 5,
  lane: null,
  visit: null,
  message: "alex kept too much",
};

function reported(...violations: readonly Violation[]) {
  const report = createReport();
  const day = goodDay().tell({ kind: "fault", id: 1, fault: "disk_full", on: true, target: "" });
  day.tell({ kind: "agent", what: "killed", epoch: 1, detail: "" });
  report.add({ schedule: SCHEDULE, violations, journal: day.entries });
  return report;
}

describe("a report", () => {
  it("sums what happened", () => {
    expect(reported().json()).toMatchObject({
      runs: 1,
      days: 1,
      visits: 4,
      passagesIn: 3,
      passagesOut: 2,
      stays: 3,
      openings: 5,
      agentKills: 1,
      cashMinor: { EUR: 600 },
      cardMinor: { EUR: 200 },
      faults: { disk_full: 1 },
      violations: {},
      failures: [],
    });
  });

  it("adds runs up, each in its currency", () => {
    const report = createReport();
    const { entries: journal } = goodDay();
    const yen = { ...SCHEDULE, site: { ...SCHEDULE.site, currency: "JPY" } };
    for (const schedule of [SCHEDULE, yen, SCHEDULE]) report.add({ schedule, violations: [], journal });
    expect(report.json()).toMatchObject({ runs: 3, cashMinor: { EUR: 1_200, JPY: 600 } });
    expect(report.text()).toContain("Cash kept              12.00 EUR, 600 JPY");
  });

  it("tells violations with seed and step, and is clean without", () => {
    expect(reported().isClean()).toBe(true);
    const report = reported(WRONG, WRONG);
    expect(report.isClean()).toBe(false);
    expect(report.text()).toContain("7:12 cash: alex kept too much");
    expect(report.json()).toMatchObject({ violations: { cash: 2 } });
  });

  it("is the same for the same runs, byte for byte", () => {
    const text = () => `${reported(WRONG).text()}${JSON.stringify(reported(WRONG).json())}`;
    expect(text()).toBe(text());
  });
});
