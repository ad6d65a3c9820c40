import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SPOT_SIZES } from "../db/places-schema.ts";
import {
  CLOCK_TOLERANCE_MS,
  countDeltas,
  judgeReadings,
  judgeStatus,
  type CountedSpot,
  type Reading,
  type SensedSpot,
  type SpotStatus,
} from "./counts.ts";

const STATUSES: readonly SpotStatus[] = ["free", "occupied", "blocked"];
const NOW = new Date("2026-07-15T12:00:00Z");
const secondsAgo = (seconds: number) => new Date(NOW.getTime() - seconds * 1_000);

const anySpot: fc.Arbitrary<CountedSpot> = fc.record({
  zoneId: fc.constantFrom("zone-a", "zone-b"),
  size: fc.constantFrom(...SPOT_SIZES),
  ev: fc.boolean(),
  accessible: fc.boolean(),
  status: fc.constantFrom(...STATUSES),
});
const perhaps = fc.option(anySpot, { nil: null });

/** Counts of all spots of a list, by kind. */
function countAll(spots: readonly (CountedSpot | null)[]): Map<string, [number, number, number]> {
  const counts = new Map<string, [number, number, number]>();
  for (const spot of spots) {
    if (spot === null) continue;
    const key = [spot.zoneId, spot.size, spot.ev, spot.accessible].join();
    const [total, occupied, blocked] = counts.get(key) ?? [0, 0, 0];
    const is = (status: SpotStatus) => Number(spot.status === status);
    counts.set(key, [total + 1, occupied + is("occupied"), blocked + is("blocked")]);
  }
  return counts;
}

describe("countDeltas", () => {
  it("leads from the counts before to the counts after, whatever changed", () => {
    fc.assert(
      fc.property(fc.array(fc.record({ before: perhaps, after: perhaps }), { maxLength: 20 }), (steps) => {
        const counts = countAll(steps.map(({ before }) => before));
        for (const { zoneId, size, ev, accessible, total, occupied, blocked } of countDeltas(steps)) {
          expect([total, occupied, blocked]).not.toEqual([0, 0, 0]);
          const key = [zoneId, size, ev, accessible].join();
          const [a, b, c] = counts.get(key) ?? [0, 0, 0];
          counts.set(key, [a + total, b + occupied, c + blocked]);
        }
        const left = new Map([...counts].filter(([, [total]]) => total !== 0));
        expect(left).toEqual(countAll(steps.map(({ after }) => after)));
      }),
    );
  });
});

describe("judgeStatus", () => {
  it("lets only persons free what is blocked", () => {
    for (const by of ["sensor", "gate", "booking"]) {
      expect(judgeStatus("blocked", "free", by).outcome).toBe("kept_blocked");
      expect(judgeStatus("free", "blocked", by).outcome).toBe("changed");
      expect(judgeStatus("free", "occupied", by)).toEqual({ outcome: "changed", status: "occupied" });
    }
    expect(judgeStatus("blocked", "free", "staff@example.test").outcome).toBe("changed");
    expect(judgeStatus("blocked", "occupied", "key booking").outcome).toBe("changed");
    expect(judgeStatus("occupied", "occupied", "sensor").outcome).toBe("same");
    expect(judgeStatus(null, "free", "sensor").outcome).toBe("no_such_spot");
  });
});

const spot = (id: string, status: SpotStatus = "free", statusAt = secondsAgo(100)): SensedSpot => ({
  id,
  number: `N${id}`,
  sensor: `s${id}`,
  status,
  statusAt,
  zoneId: "zone-a",
  size: "standard",
  ev: false,
  accessible: false,
});
const judge = (readings: readonly Reading[], ...spots: readonly SensedSpot[]) => {
  const { changes, ignored } = judgeReadings(readings, spots, NOW);
  return {
    changes: changes.map((change) => [change.spot.id, change.status]),
    ignored: ignored.map(({ index, why }) => `${index} ${why}`),
  };
};

describe("judgeReadings", () => {
  it("takes a spot by its sensor or its number", () => {
    const readings = [
      { sensor: "s1", occupied: true, at: NOW },
      { spot_number: "N2", occupied: true, at: NOW },
      { sensor: "N1", occupied: true, at: NOW },
      { spot_number: "s2", occupied: true, at: NOW },
    ];
    expect(judge(readings, spot("1"), spot("2"))).toEqual({
      changes: [
        ["1", "occupied"],
        ["2", "occupied"],
      ],
      ignored: ["2 unknown", "3 unknown"],
    });
  });

  it("ignores what is not newer than what is known, what a person blocked, and the future", () => {
    const at = (date: Date) => [{ sensor: "s1", occupied: true, at: date }];
    expect(judge(at(secondsAgo(100)), spot("1")).ignored).toEqual(["0 old"]);
    expect(judge(at(secondsAgo(99)), spot("1")).changes).toEqual([["1", "occupied"]]);
    expect(judge(at(NOW), spot("1", "blocked")).ignored).toEqual(["0 blocked"]);
    const ahead = (ms: number) => new Date(NOW.getTime() + ms);
    expect(judge(at(ahead(CLOCK_TOLERANCE_MS)), spot("1")).changes).toEqual([["1", "occupied"]]);
    expect(judge(at(ahead(CLOCK_TOLERANCE_MS + 1)), spot("1")).ignored).toEqual(["0 future"]);
  });

  it("does not take a spot without a sensor for one of a reading without a name", () => {
    const nameless = { ...spot("1"), sensor: null };
    expect(judge([{ occupied: true, at: NOW }], nameless).ignored).toEqual(["0 unknown"]);
  });

  it("ends in the same whatever the order of the batch: in what the newest reading says", () => {
    const one = fc.record({ occupied: fc.boolean(), ago: fc.integer({ min: 0, max: 200 }) });
    fc.assert(
      fc.property(fc.uniqueArray(one, { maxLength: 8, selector: ({ ago }) => ago }), (said) => {
        const readings = said.map(({ occupied, ago }) => ({ sensor: "s1", occupied, at: secondsAgo(ago) }));
        const newest = said.filter(({ ago }) => ago < 100).toSorted((a, b) => a.ago - b.ago)[0];
        const expected = newest === undefined ? [] : [["1", newest.occupied ? "occupied" : "free"]];
        const { changes, ignored } = judge(readings, spot("1"));
        expect(changes).toEqual(expected);
        expect(ignored).toHaveLength(said.length - expected.length);
        expect(judge(readings.toReversed(), spot("1")).changes).toEqual(expected);
      }),
    );
  });
});
