import { describe, expect, it } from "vitest";
import type { Told } from "../../journal.ts";
import { Day, stayOf } from "../testing/day.ts";
import { HOUR_MS, SCHEDULE } from "../testing/places.ts";

const judged = (day: Day) => day.judged(SCHEDULE, ["whose-stay"]);

/** Vehicle 2 leaves on the stay of vehicle 1, after something. */
const leavesOnAnothers = (change: object = {}, ...before: readonly Told[]): Day => {
  const day = new Day();
  const first = day.comesIn(1);
  day.comesIn(2);
  day
    .at(HOUR_MS)
    .drivesUp("exit-1", 2)
    .tell(...before);
  day.pulse("exit-1", "open").arm("exit-1", "up");
  return day.goesThrough("exit-1", 2, first, change);
};
const sees = (plate: string): Told => ({ kind: "read", visit: 2, lane: "exit-1", plate });

describe("whose stay it is", () => {
  it("breaks where a vehicle leaves on the stay of another", () => {
    expect(judged(leavesOnAnothers())).toEqual([
      "whose-stay: vehicle 2 (HH CD 77) left on the stay of vehicle 1 (B AB 123) (BAB123)",
    ]);
  });

  it("keeps where each leaves on its own", () => {
    const day = new Day();
    const stays = [day.comesIn(1), day.comesIn(2)];
    day.at(HOUR_MS);
    stays.forEach((stay, i) => day.goesOut(i + 1, stay, { method: "cash", minor: 200 }));
    expect(judged(day)).toEqual([]);
  });

  it("excuses a camera that read its plate, or one that looks like it, and no other", () => {
    expect(judged(leavesOnAnothers({}, sees("BAB123")))).toEqual([]);
    expect(judged(leavesOnAnothers({}, sees("8AB123")))).toEqual([]);
    expect(judged(leavesOnAnothers({}, sees("8A8123")))).toHaveLength(1);
    expect(judged(leavesOnAnothers({}, sees("BAB124")))).toHaveLength(1);
  });

  it("excuses its ticket in the driver's hand, a person's word, and what is up for review", () => {
    const { ticketNumber: number, stayId } = stayOf(1, 0);
    expect(judged(leavesOnAnothers({}, { kind: "ticket_shown", visit: 2, lane: "exit-1", number }))).toEqual(
      [],
    );
    const record = { type: "identified", stayId, actor: "alex", reason: "" } as const;
    expect(judged(leavesOnAnothers({}, { kind: "record", lane: "exit-1", record }))).toEqual([]);
    expect(judged(leavesOnAnothers({ review: "direction_ambiguous" }))).toEqual([]);
    expect(judged(leavesOnAnothers({ kind: "vend" }))).toEqual([]);
  });
});
