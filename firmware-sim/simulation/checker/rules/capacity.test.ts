import { describe, expect, it } from "vitest";
import type { Told } from "../../journal.ts";
import { createChecker } from "../checker.ts";
import { Day, movementOf, stayOf } from "../testing/day.ts";
import { cloudOf } from "../testing/gate-books.ts";
import { HOUR_MS, SCHEDULE, START_MS } from "../testing/places.ts";

const small = (capacity: number) => ({ ...SCHEDULE, site: { ...SCHEDULE.site, capacity } });
const judged = (day: Day, capacity: number) => day.judged(small(capacity), ["capacity"]);

/** Vehicles 1 and 2 come in one after the other. */
const two = (): Day => {
  const day = new Day();
  day.comesIn(1);
  day.comesIn(2);
  return day;
};

describe("capacity", () => {
  it("is kept by as many as there are spaces", () => {
    expect(judged(two(), 2)).toEqual([]);
  });

  it("breaks where a drive-in is let in beyond it", () => {
    expect(judged(two(), 1)).toEqual([
      "capacity: entry-1 lets a drive-in in with 1 inside, 0 on their way and 0 kept for the cloud, of 1 spaces",
    ]);
  });

  it("breaks where the last space is given to two lanes at once", () => {
    const day = begun(new Day(), 1);
    day.comesIn(2);
    expect(judged(day, 1)).toEqual([
      "capacity: entry-1 lets a drive-in in with 0 inside, 1 on their way and 0 kept for the cloud, of 1 spaces",
    ]);
  });

  it("counts nobody any more whose stay is void", () => {
    const day = begun(new Day(), 1);
    day.record("entry-1", { type: "stay_voided", stayId: stayOf(1, 0).stayId, reason: "backed out" });
    day.comesIn(2);
    expect(judged(day, 1)).toEqual([]);
  });

  it("lets in holders of permits, and tailgaters that nobody let in", () => {
    const permit = new Day();
    permit.comesIn(1);
    permit.comesIn(2, { kind: "permit", id: "permit-1" });
    expect(judged(permit, 1)).toEqual([]);
    const follows = new Day();
    follows.comesIn(1);
    begun(follows, 4).record("entry-1", movementOf(90, "in", stayOf(4, 0), 4, { kind: "tailgate" }));
    expect(judged(follows, 1)).toEqual([]);
  });

  it("keeps free what was given to the cloud for this hour or the next", () => {
    const given = (fromMs: number, direction: "to_cloud" | "from_cloud" = "to_cloud") => ({
      id: `${fromMs}`,
      direction,
      class: "standard",
      fromMs,
      untilMs: fromMs + HOUR_MS,
      amount: 1,
      atMs: START_MS - HOUR_MS,
    });
    const withGiven = (...transfers: ReturnType<typeof given>[]) => {
      const day = two();
      day.gate.rows.transfers = transfers;
      return judged(day, 2);
    };
    expect(withGiven(given(START_MS))).toEqual([
      "capacity: entry-1 lets a drive-in in with 1 inside, 0 on their way and 1 kept for the cloud, of 2 spaces",
    ]);
    expect(withGiven(given(START_MS + HOUR_MS))).toHaveLength(1);
    expect(withGiven(given(START_MS + 2 * HOUR_MS))).toEqual([]);
    expect(withGiven(given(START_MS), given(START_MS, "from_cloud"))).toEqual([]);
  });

  it("shifts by what the gate could not see", () => {
    const day = new Day();
    const lies: Told = { kind: "sensor", lane: "entry-1", input: "safety", says: "always off" };
    day.tell(lies, { kind: "passed", visit: 4, lane: "entry-1", direction: "entry" });
    day.comesIn(1);
    expect(judged(day, 1)).toEqual([]);
    day.comesIn(2);
    expect(judged(day, 1)).toHaveLength(1);
  });
});

describe("rights to spaces", () => {
  const slotMs = START_MS + 5 * HOUR_MS;
  const ends = (
    given: number,
    { held, sold = 0, owed = 0 }: { held: number; sold?: number; owed?: number },
  ) => {
    const checker = createChecker(small(10), ["capacity"]);
    const own = { ...new Day().gate.edge(), rightsGiven: [{ class: "standard", slotMs, given }] };
    const cloud = { ...cloudOf(own), rights: [{ class: "standard", slotMs, held, sold, owed }] };
    return checker.end({ step: 1, atMs: 0, edge: own, cloud }).map(({ message }) => message);
  };

  it("are never more than there are spaces, nor held, nor sold, beyond what was given", () => {
    expect(ends(4, { held: 4, sold: 4 })).toEqual([]);
    expect(ends(4, { held: 5, owed: 1 })).toEqual([]);
    expect(ends(4, { held: 5 })).toEqual(["the cloud holds 5 of standard at 2026-03-02T10, and was given 4"]);
    expect(ends(4, { held: 4, sold: 5 })).toEqual([
      "the cloud has sold 5 of standard at 2026-03-02T10, and holds 4",
    ]);
    expect(ends(11, { held: 11 })).toEqual(["11 spaces are given to the cloud at 2026-03-02T10, of 10"]);
  });
});

/** Somebody is let in, and has not come yet. */
function begun(day: Day, visit: number): Day {
  const stay = stayOf(visit, day.nowMs);
  return day.record("entry-1", { type: "stay_started", stay, credential: null, zone: null });
}
