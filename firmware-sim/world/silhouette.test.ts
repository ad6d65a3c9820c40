import { describe, expect, it } from "vitest";
import { VEHICLE_KINDS, VEHICLE_LENGTH_M, type VehicleKind } from "../traffic/demand.ts";
import { contactsOf, type Contacts } from "./contacts.ts";
import { placeVehicle } from "./driver.ts";
import { STANDARD_GEOMETRY } from "./geometry.ts";
import { gateOf, kindsOf, runGate, vehicle } from "./testing/attendant.ts";

const OPEN = 1;
const NOTHING: Contacts = {
  arming: false,
  safety: false,
  closing: false,
  photocell: false,
  open_limit: false,
  closed_limit: false,
};

/** The contacts with the front of a vehicle at each place of the lane, every 2 cm. */
function places(kind: VehicleKind, isWrongWay = false): (Contacts & { readonly frontM: number })[] {
  const all = [];
  for (let frontM = -6; frontM < 14; frontM += 0.02) {
    const one = placeVehicle(
      vehicle("B AB 1", kind),
      { kind: "normal" },
      { frontM, visit: null, isWrongWay },
    );
    all.push({ frontM, ...contactsOf([one], OPEN, STANDARD_GEOMETRY, NOTHING) });
  }
  return all;
}

describe("what sensors make out of a vehicle", () => {
  it.each(VEHICLE_KINDS)("a %s under the arm is always on a loop or in the beam", (kind) => {
    const under = places(kind).filter(({ frontM }) => frontM > 0 && frontM < VEHICLE_LENGTH_M[kind]);
    expect(under.length).toBeGreaterThan(50);
    for (const { safety, closing, photocell } of under) expect(safety || closing || photocell).toBe(true);
  });

  it.each(["car", "van", "motorcycle", "scooter", "truck"] as const)(
    "the safety loop sees a %s under the arm all of the time",
    (kind) => {
      for (const { frontM, safety } of places(kind))
        if (frontM > 0 && frontM < VEHICLE_LENGTH_M[kind]) expect(safety).toBe(true);
    },
  );

  it.each(VEHICLE_KINDS)("a %s that waits at the line is on the arming loop alone", (kind) => {
    const waiting = places(kind).find(({ frontM }) => frontM > STANDARD_GEOMETRY.stopLineM - 0.02);
    expect(waiting).toMatchObject({ arming: true, safety: false, closing: false, photocell: false });
  });

  const rises = (
    kind: VehicleKind,
    input: "arming" | "safety" | "closing" | "photocell",
    wrong = false,
  ): number =>
    places(kind, wrong).filter((place, i, all) => place[input] && all[i - 1]?.[input] === false).length;

  it("a loop sees two vehicles in one with a trailer, and the drawbar is below the beam", () => {
    expect(rises("car_with_trailer", "safety")).toBe(2);
    expect(rises("car_with_trailer", "photocell")).toBe(2);
    expect(rises("car", "safety")).toBe(1);
  });

  it("a loop drops a high bed in the middle, while the beam keeps it", () => {
    for (const loop of ["arming", "safety", "closing"] as const) expect(rises("high_truck", loop)).toBe(2);
    expect(rises("high_truck", "photocell")).toBe(1);
  });

  it("no loop behind the arm sees a scooter, and between two loops there is nothing of it", () => {
    expect(rises("scooter", "closing")).toBe(0);
    expect(rises("scooter", "safety")).toBe(1);
    expect(
      places("scooter").some(({ frontM, arming, safety }) => frontM > -2 && frontM < 2 && !arming && !safety),
    ).toBe(true);
  });

  it("one who comes from the other side is seen nose first", () => {
    const endAt = (rearM: number, isWrongWay: boolean): boolean => {
      const place = { frontM: rearM + VEHICLE_LENGTH_M.high_truck, visit: null, isWrongWay };
      const one = placeVehicle(vehicle("B AB 1", "high_truck"), { kind: "normal" }, place);
      return contactsOf([one], OPEN, STANDARD_GEOMETRY, NOTHING).closing;
    };
    // The cab begins 20 cm behind the bumper, the rear axles 60 cm before it.
    const justOnTheLoopM = STANDARD_GEOMETRY.closing.toM - 0.3;
    expect(endAt(justOnTheLoopM, true)).toBe(true);
    expect(endAt(justOnTheLoopM, false)).toBe(false);
  });

  it.each(VEHICLE_KINDS)("a %s passes, and an attendant who trusts every sensor hits nobody", (kind) => {
    const gate = gateOf();
    gate.enter(vehicle("B AB 1", kind));
    const events = runGate(gate, 60_000);
    expect(kindsOf(events).filter((one) => one !== "in_view")).toEqual(["at_line", "passed"]);
    expect(gate.armHits()).toBe(0);
  });
});
