import { describe, expect, it } from "vitest";
import type { Told } from "../../journal.ts";
import { goodDay, stayOf, type Day } from "../testing/day.ts";
import { SCHEDULE } from "../testing/places.ts";

const judged = (day: Day) => day.judged(SCHEDULE, ["count"]);
const { stayId } = stayOf(1, 0);

describe("the count", () => {
  it("is that of a good day", () => {
    expect(judged(goodDay())).toEqual([]);
  });

  it("breaks where the gate counts another number than its movements come to", () => {
    const day = goodDay();
    day.gate.rows.inside = 2;
    expect(judged(day)).toEqual([
      "count: the gate counts 2 inside, and its movements and corrections come to 1",
      "count: the gate counts 2 inside, and 1 are; 0 passages were not seen as they were",
    ]);
  });

  it("keeps where a person set it to what it is, and breaks where they set it to something else", () => {
    const set = (after: number) => {
      const day = goodDay();
      day.gate.rows.corrections = [{ zone: null, before: 1, after, cause: "attendant", atMs: 0 }];
      day.gate.rows.inside = after;
      return judged(day);
    };
    expect(set(1)).toEqual([]);
    expect(set(3)).toEqual([
      "count: the gate counts 3 inside, and 1 are; 0 passages were not seen as they were",
    ]);
  });

  it("breaks where a zone's count is not its movements'", () => {
    const day = goodDay();
    day.gate.rows.zoneCounts = [{ zone: "roof", inside: 1 }];
    expect(judged(day)).toEqual(["count: the gate counts 1 in zone roof, and its movements come to 0"]);
  });

  it("breaks where a stay is not what its movements made of it", () => {
    const day = goodDay();
    day.gate.change(stayId, { status: "open" });
    expect(judged(day)).toContain(`count: stay ${stayId} is open, and by its movements it is closed`);
  });

  it("breaks where a stay goes out twice", () => {
    const day = goodDay();
    const out = day.gate.rows.movements.find((one) => one.direction === "out" && one.stayId === stayId);
    if (out !== undefined) day.gate.rows.movements.push({ ...out, id: "again" });
    day.gate.rows.inside -= 1;
    expect(judged(day)).toContain(`count: stay ${stayId} came in 1 times and went out 2 times`);
    const row = JSON.stringify({ id: stayId });
    day.gate.rows.conflicts = [{ tableName: "stays", row, reason: "changed_here" }];
    expect(judged(day)).toEqual([
      "count: the gate counts 0 inside, and 1 are; 0 passages were not seen as they were",
    ]);
  });

  it("breaks where the stay of a vehicle that has left on it is open still", () => {
    const day = goodDay();
    day.gate.change(stayId, { status: "open" });
    expect(judged(day)).toContain(
      `count: vehicle 1 (B AB 123) has left, and its stay ${stayId} is open still`,
    );
  });

  it("differs by the passages that were not seen, and by no more", () => {
    const unseen = (inside: number) => {
      const day = goodDay();
      const passed: Told = { kind: "passed", visit: 4, lane: "entry-1", direction: "entry" };
      day.tell({ kind: "sensor", lane: "entry-1", input: "safety", says: "always off" }, passed);
      day.gate.rows.inside = inside;
      day.gate.rows.corrections = [{ zone: null, before: 1, after: inside, cause: "attendant", atMs: 0 }];
      return judged(day);
    };
    expect(unseen(1)).toEqual([]);
    expect(unseen(0)).toHaveLength(1);
  });

  it("breaks where a movement is gone, but for one that went with a file that was put back", () => {
    const lost = (...told: readonly Told[]) => {
      const day = goodDay().tell(...told);
      day.gate.rows.movements.pop();
      day.gate.rows.inside += 1;
      day.gate.change(stayId, { status: "open" });
      return judged(day);
    };
    const fault = { kind: "fault", id: 1, fault: "edge_restored", target: "" } as const;
    expect(lost({ ...fault, on: true }, { ...fault, on: false })).toEqual([]);
    expect(lost()).toEqual(["count: 1 movements that were written are not in the gate's file any more"]);
  });
});
