import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { netOf, occupiedHours, percentOf, type Flow } from "./occupancy.ts";
import { daysOf, hoursOf } from "./range.ts";

const DAY = daysOf("2026-10-25", "2026-10-25", "Europe/Berlin").flatMap((day) =>
  hoursOf(day, "Europe/Berlin"),
);

describe("occupancy by hour", () => {
  it("ends at what is inside now, and goes back over what passed", () => {
    const hours = DAY.slice(0, 4);
    const at = (hour: number, flow: Flow) => [hours[hour]!.startsMs, flow] as const;
    const flows = new Map([at(1, { in: 5, out: 1, corrected: 0 }), at(3, { in: 0, out: 2, corrected: 3 })]);
    expect(occupiedHours(hours, flows, 11).map(({ hour, inside }) => [hour, inside])).toEqual([
      ["00:00", 6],
      ["01:00", 10],
      ["02:00", 10],
      ["02:00", 11],
    ]);
  });

  it("is what counting forward gives, on a day of 25 hours", () => {
    const flow = fc.record({ in: fc.nat(30), out: fc.nat(30), corrected: fc.integer({ min: -5, max: 5 }) });
    fc.assert(
      fc.property(fc.nat(2_000), fc.array(flow, { minLength: 25, maxLength: 25 }), (start, changes) => {
        const flows = new Map(DAY.map((hour, index) => [hour.startsMs, changes[index]!]));
        let inside = start + 1_000;
        const expected = changes.map((change) => (inside += netOf(change)));
        const counted = occupiedHours(DAY, flows, inside);
        expect(counted.map((hour) => hour.inside)).toEqual(expected);
      }),
    );
  });

  it("is never less than nothing, whatever the gate has missed", () => {
    const flows = new Map([[DAY[24]!.startsMs, { in: 9, out: 0, corrected: 0 }]]);
    expect(occupiedHours(DAY, flows, 2).map((hour) => hour.inside)).toEqual([...Array(24).fill(0), 2]);
  });

  it("is a percentage where there is a capacity", () => {
    expect([percentOf(1, 3), percentOf(150, 120), percentOf(1, 0)]).toEqual([33.3, 125, null]);
  });
});
