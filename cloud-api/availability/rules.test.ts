import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { composeAvailability, freeOf, type Counted, type SpotCount } from "./rules.ts";

const zone = (id: string, parentId: string | null = null) => ({ id, parentId, slug: id, name: id, level: 0 });
const count = (zoneId: string, total: number, occupied = 0, blocked = 0): SpotCount => ({
  zoneId,
  total,
  occupied,
  blocked,
  size: "standard",
  ev: false,
  accessible: false,
});
const counted = (part: Partial<Counted>): Counted => ({
  facilityId: "f",
  capacity: 100,
  inside: 0,
  zones: [],
  counts: [],
  gateZones: [],
  ...part,
});

describe("composeAvailability", () => {
  it("counts a zone with all that lie in it", () => {
    const zones = [zone("roof"), zone("west", "roof"), zone("corner", "west"), zone("cellar")];
    const counts = [
      count("roof", 1),
      count("west", 10, 4),
      count("corner", 100, 0, 5),
      count("cellar", 1_000),
    ];
    const { zones: found } = composeAvailability(counted({ zones, counts }));
    expect(found.map(({ id, spots }) => [id, spots.total, spots.free])).toEqual([
      ["roof", 111, 102],
      ["west", 110, 101],
      ["corner", 100, 95],
      ["cellar", 1_000, 1_000],
    ]);
  });

  it("ends where zones lie in a circle", () => {
    const { zones } = composeAvailability(
      counted({ zones: [zone("a", "b"), zone("b", "a")], counts: [count("a", 1), count("b", 2)] }),
    );
    expect(zones.map(({ spots }) => spots.total)).toEqual([3, 3]);
  });

  it("counts sizes, chargers and accessible spots apart, and all of them in all", () => {
    const counts: SpotCount[] = [
      { ...count("a", 3, 1), ev: true },
      { ...count("a", 2, 0, 1), accessible: true },
      { ...count("b", 5, 5), size: "large" },
    ];
    const { spots, ev, accessible, sizes } = composeAvailability(counted({ counts }));
    expect(spots).toEqual({ total: 10, free: 3, occupied: 6, blocked: 1 });
    expect(ev).toEqual({ total: 3, free: 2, occupied: 1, blocked: 0 });
    expect(accessible).toEqual({ total: 2, free: 1, occupied: 0, blocked: 1 });
    expect(sizes.map(({ size, spots: its }) => [size, its.total])).toEqual([
      ["standard", 5],
      ["large", 5],
    ]);
  });
});

describe("freeOf", () => {
  it("believes the gate where there are no numbered spots, and whoever says less where there are", () => {
    expect(freeOf(100, 30, { total: 0, free: 0 })).toBe(70);
    expect(freeOf(100, 30, { total: 100, free: 60 })).toBe(60);
    expect(freeOf(100, 50, { total: 100, free: 60 })).toBe(50);
    expect(freeOf(500, 0, { total: 20, free: 0 })).toBe(480);
    expect(freeOf(10, 0, { total: 50, free: 40 })).toBe(10);
    expect(freeOf(10, 12, { total: 0, free: 0 })).toBe(0);
  });

  it("is never less than nothing, and never more than there is room for", () => {
    const number = fc.integer({ min: 0, max: 1_000 });
    fc.assert(
      fc.property(
        number,
        fc.integer({ min: -10, max: 1_000 }),
        number,
        number,
        (capacity, inside, free, taken) => {
          const found = freeOf(capacity, inside, { total: free + taken, free });
          expect(found).toBeGreaterThanOrEqual(0);
          expect(found).toBeLessThanOrEqual(Math.max(0, capacity - inside));
          expect(found).toBeLessThanOrEqual(Math.max(free, capacity - taken));
        },
      ),
    );
  });
});
