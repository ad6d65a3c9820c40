import { describe, expect, it } from "vitest";
import { LANE_STATES } from "@parkme/shared/domain/lane";
import { dueStay, feeInView } from "./due-stay.ts";

const FEE = { amount_minor: 1200, applied_rule: "Slab Rate", duration_minutes: 185, trace: [] };
const STAY = {
  stay_id: "01890000-0000-7000-8000-000000000001",
  ticket_number: "PKM-A3F7B2C1",
  plate: "HHKX907",
  entry_at: "2025-11-22T11:00:05Z",
  right: null,
};

describe("a stay to be paid", () => {
  it("is one that a fee is asked for, in the state that asks, and no other", () => {
    const due = LANE_STATES.filter((state) => dueStay({ state, stay: { ...STAY, fee: FEE } }) !== null);
    expect(due).toEqual(["PAYING"]);
    expect(dueStay({ state: "PAYING", stay: { ...STAY, fee: null } })).toBeNull();
    expect(dueStay({ state: "PAYING", stay: null })).toBeNull();
  });

  it("stays in view while nobody knows whether a card paid it, but is not to be taken again", () => {
    const stay = { ...STAY, fee: FEE };
    expect(feeInView({ state: "PAY_UNKNOWN", stay })).toBe(FEE);
    expect(dueStay({ state: "PAY_UNKNOWN", stay })).toBeNull();
    expect(LANE_STATES.filter((state) => feeInView({ state, stay }) !== null)).toEqual([
      "PAYING",
      "PAY_UNKNOWN",
    ]);
    expect(feeInView({ state: "PAYING", stay: null })).toBeNull();
  });
});
