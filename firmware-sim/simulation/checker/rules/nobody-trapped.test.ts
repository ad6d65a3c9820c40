import { describe, expect, it } from "vitest";
import type { Told } from "../../journal.ts";
import { Day, goodDay } from "../testing/day.ts";
import { HOUR_MS, MINUTE_MS, SCHEDULE } from "../testing/places.ts";
import { LET_OUT_MS } from "./nobody-trapped.ts";

const judged = (day: Day) => day.judged(SCHEDULE, ["nobody-trapped"]);
const boundMs = SCHEDULE.site.helpMs + LET_OUT_MS;
const out = { kind: "passed", visit: 1, lane: "exit-1", direction: "exit" } as const;

describe("nobody is trapped", () => {
  it("on a good day, nor at an entry where a driver waits", () => {
    expect(judged(goodDay())).toEqual([]);
    expect(judged(new Day().drivesUp("entry-1", 1).at(5 * HOUR_MS))).toEqual([]);
  });

  it("breaks where somebody stands at a closed exit when all has come to rest", () => {
    expect(judged(new Day().drivesUp("exit-1", 1).at(30 * MINUTE_MS))).toEqual([
      "nobody-trapped: vehicle 1 (B AB 123) has stood at exit-1 for 30 minutes and is not let out",
    ]);
  });

  it("breaks where somebody is let out later than help takes, and not a moment before", () => {
    const waits = (ms: number) => {
      const day = new Day().drivesUp("exit-1", 1);
      return day.at(day.nowMs + ms).tell(out);
    };
    expect(judged(waits(boundMs))).toEqual([]);
    expect(judged(waits(boundMs + 1))).toHaveLength(1);
  });

  it("does not count while no command reaches the arm, and counts what comes after", () => {
    const fault = (on: boolean, target = "exit-1"): Told => ({
      kind: "fault",
      id: 1,
      fault: "board_silent",
      on,
      target,
    });
    const silent = (silentMs: number, afterMs: number, target = "exit-1") => {
      const day = new Day().drivesUp("exit-1", 1).tell(fault(true, target));
      const stood = day.nowMs;
      day.at(stood + silentMs).tell(fault(false, target));
      return judged(day.at(day.nowMs + afterMs).tell(out));
    };
    expect(silent(HOUR_MS, boundMs)).toEqual([]);
    expect(silent(HOUR_MS, boundMs + 1)).toHaveLength(1);
    expect(silent(HOUR_MS, 0, "entry-1")).toHaveLength(1);
  });

  it("counts troubles that last at the same time once", () => {
    const day = new Day().drivesUp("exit-1", 1);
    const stood = day.nowMs;
    for (const [id, fault] of [
      [1, "board_silent"],
      [2, "arm_jammed"],
    ] as const)
      day.tell({ kind: "fault", id, fault, on: true, target: "exit-1" });
    day.at(stood + MINUTE_MS);
    for (const [id, fault] of [
      [1, "board_silent"],
      [2, "arm_jammed"],
    ] as const)
      day.tell({ kind: "fault", id, fault, on: false, target: "exit-1" });
    expect(judged(day.at(stood + boundMs + MINUTE_MS + 1).tell(out))).toHaveLength(1);
  });

  it("keeps where somebody backs out", () => {
    const day = new Day().drivesUp("exit-1", 1).tell({ kind: "backed_out", visit: 1, lane: "exit-1" });
    expect(judged(day.at(5 * HOUR_MS))).toEqual([]);
  });
});
