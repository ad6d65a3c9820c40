import { describe, expect, it } from "vitest";
import type { Told } from "../../journal.ts";
import { Day, goodDay } from "../testing/day.ts";
import { SCHEDULE } from "../testing/places.ts";

const judged = (day: Day) => day.judged(SCHEDULE, ["commands"]);
const remote = (status: string, deadlineMs: number): Told => ({
  kind: "remote",
  commandId: "c-1",
  status,
  deadlineMs,
});

describe("commands", () => {
  it("of a good day are in time, written, and carried out once", () => {
    expect(judged(goodDay())).toEqual([]);
  });

  it("break when they are late on the clock of their deadline", () => {
    const day = new Day().pulse("entry-1", "open", { monotonicMs: 5_001, deadlineMs: 5_000 });
    expect(judged(day)).toEqual(["commands: entry-1 carries out open command-1 1 ms after its deadline"]);
  });

  it("break when one is carried out twice", () => {
    const day = new Day().pulse("entry-1", "open");
    expect(judged(day.pulse("entry-1", "open", { commandId: "command-1" }))).toHaveLength(1);
  });

  it("break when a board obeys an old program, and only that board", () => {
    const day = new Day().pulse("entry-1", "open", { epoch: 3 }).pulse("exit-1", "open", { epoch: 2 });
    expect(judged(day)).toEqual([]);
    expect(judged(day.pulse("entry-1", "open", { epoch: 2 }))).toEqual([
      "commands: entry-1 obeys open command-3 of epoch 2 after one of epoch 3",
    ]);
  });

  it("break when the gate never wrote one down, but for what danger does without a disk", () => {
    const unwritten = () => {
      const day = new Day().pulse("entry-1", "open");
      day.gate.rows.commands = [];
      return day;
    };
    expect(judged(unwritten())).toHaveLength(1);
    const full: Told = { kind: "fault", id: 1, fault: "disk_full", on: true, target: "" };
    expect(judged(unwritten().tell(full))).toEqual([]);
  });

  it("of headquarters are carried out once, and in time by a right clock", () => {
    expect(judged(new Day().at(100).tell(remote("done", 100)))).toEqual([]);
    expect(judged(new Day().at(101).tell(remote("done", 100)))).toEqual([
      "commands: command c-1 of headquarters is carried out 1 ms after its deadline",
    ]);
    expect(judged(new Day().at(101).tell(remote("expired", 100)))).toEqual([]);
    expect(judged(new Day().at(9).tell(remote("done", 100), remote("done", 100)))).toHaveLength(1);
  });
});
