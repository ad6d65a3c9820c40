import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HELP, readFlags } from "./flags.ts";
import { FAULT_KINDS } from "./schedule.ts";

describe("the simulator's flags", () => {
  it("are a day with all faults when nothing is said", () => {
    expect(readFlags([])).toMatchObject({
      seed: 1,
      seeds: 1,
      days: 1,
      visitsPerDay: null,
      cloud: null,
      replay: null,
    });
    expect(readFlags([])).toMatchObject({ faults: Object.values(FAULT_KINDS).flat() });
  });

  it("take groups and kinds of faults, each once", () => {
    expect(readFlags(["--faults", "disk,paper_out,disk_full"])).toMatchObject({
      faults: ["paper_out", "disk_full"],
    });
    expect(readFlags(["--faults", "none"])).toMatchObject({ faults: [] });
  });

  it("name what is replayed", () => {
    expect(readFlags(["--replay", "7:12345"])).toMatchObject({
      seed: 7,
      replay: { about: { kind: "step", step: 12345 } },
    });
    expect(readFlags(["--replay", "7:visit-3", "--lane", "exit"])).toMatchObject({
      replay: { about: { kind: "visit", visit: 3 }, lane: "exit" },
    });
  });

  it.each([
    [["--seed", "-1"], "--seed"],
    [["--seed", "1.5"], "whole"],
    [["--days", ""], "--days"],
    [["--visits", "1e9"], "--visits"],
    [["--faults", "rain"], "rain"],
    [["--cloud", "maybe"], "--cloud"],
    [["--replay", "seven"], "--replay"],
    [["--lane", "exit"], "--lane"],
    [["--unknown"], "--unknown"],
  ])("say what is wrong with %j", (args, word) => {
    const read = readFlags(args);
    expect(read).toHaveProperty("problem");
    expect(JSON.stringify(read)).toContain(word);
  });

  it("never throw", () => {
    fc.assert(fc.property(fc.array(fc.string()), (args) => void readFlags(args)));
  });

  it("are all in the help", () => {
    for (const kind of Object.values(FAULT_KINDS).flat()) expect(HELP).toContain(kind);
  });
});
