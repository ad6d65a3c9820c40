import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { describeRoom } from "./room.ts";

describe("the room of a place", () => {
  it("is what is neither taken nor kept for reservations", () => {
    expect(describeRoom({ inside: 47, held: 3, capacity: 120 })).toMatchObject({ free: 70, full: false });
    expect(describeRoom({ inside: 7, held: 3, capacity: 10 })).toMatchObject({ free: 0, full: true });
    expect(describeRoom({ inside: 131, held: 0, capacity: 120 })).toMatchObject({ free: 0, full: true });
    expect(describeRoom({ inside: 0, held: 0, capacity: 0 })).toMatchObject({ free: 0, full: true });
  });

  it("is drawn within its bar, whatever the counts", () => {
    const count = fc.integer({ min: 0, max: 200 });
    fc.assert(
      fc.property(fc.record({ inside: count, held: count, capacity: count }), (place) => {
        const { share, heldShare } = describeRoom(place);
        return share >= 0 && heldShare >= 0 && share + heldShare <= 1 + 1e-9;
      }),
    );
  });
});
