import { describe, expect, it } from "vitest";
import { contradictions } from "../testing/consistency.ts";
import { actions, alarms, kinds, statuses } from "../testing/entry.ts";
import { createBench, laneConfig, type Bench } from "../testing/lane-bench.ts";
import type { RowStory } from "../testing/row-story.ts";
import { ROWS_OF_APPROACH } from "../testing/rows-approach.ts";
import { ROWS_OF_PASSAGE } from "../testing/rows-passage.ts";
import { createWatchdog } from "../testing/watchdog.ts";

const ROWS = [...ROWS_OF_APPROACH, ...ROWS_OF_PASSAGE];

/** Each row of the handbook's table, in a story of its own. */

function tell({ options = {}, story }: RowStory): Bench {
  const { direction = "entry" } = options;
  const bench = createBench({ ...options, watch: createWatchdog(laneConfig(direction, [...WIRED])) });
  bench.see();
  story(bench);
  return bench;
}
const WIRED = createBench().config.wired;

describe.each(ROWS.map((row) => [row.row, row.text, row] as const))("row %i: %s", (_n, _text, row) => {
  it.each(row.cells)("%s by %s -> %s", (state, event, next) => {
    const bench = tell(row);
    const taken = bench.beats.map((beat) => [beat.before.state, beat.event.kind, beat.after.state]);
    expect(taken).toContainEqual([state, event, next]);
    expect(contradictions(bench.lane(), bench.table, bench.config)).toEqual([]);
  });
});

it("every row of the table has a story", () => {
  const told = new Set(ROWS.map(({ row }) => row));
  expect([...told]).toEqual(Array.from({ length: 37 }, (_, i) => i + 1));
});

/** What a row does beside the state it leads to; rows that are told at length elsewhere are not repeated here. */
const storyOf = (row: number, at = 0): Bench => {
  const story = ROWS.filter((one) => one.row === row)[at];
  if (story === undefined) throw new Error(`no row ${row}`);
  return tell(story);
};

describe("what comes of it", () => {
  it("row 2: one alarm, and nothing moves", () => {
    const bench = storyOf(2);
    expect(alarms(bench)).toEqual(["wrong_way"]);
    expect(actions(bench)).toEqual([]);
  });

  it("row 6: the stay is written with the command, before anything moves (safety invariant 12)", () => {
    const beat = storyOf(6).beats.find(({ commands }) => commands.length > 0);
    expect(beat?.records).toMatchObject([{ type: "stay_started" }]);
  });

  it("row 9: a store that does not answer decides nothing, and the vehicle is asked again", () => {
    const bench = storyOf(9);
    expect(statuses(bench)).toEqual(["provisional"]);
    expect(actions(bench)).toEqual(["open"]);
  });

  it("row 16: one pulse of the length the lane is configured for", () => {
    expect(storyOf(16).commands()).toMatchObject([{ action: "open", pulseMs: 500, safety: false }]);
  });

  it("rows 24 and 25: reversed is void, unclear is counted and looked at", () => {
    expect(statuses(storyOf(24))).toEqual(["void"]);
    const unclear = storyOf(25);
    unclear.wait(1_000);
    expect(unclear.records("movement")).toMatchObject([{ review: "direction_ambiguous" }]);
  });

  it("row 27: written once", () => {
    expect(kinds(storyOf(27))).toEqual(["normal"]);
  });

  it("row 28: an alarm, and the passage before is written first", () => {
    const bench = storyOf(28);
    expect(alarms(bench)).toEqual(["tailgate"]);
    expect(kinds(bench)).toEqual(["normal"]);
  });

  it("row 29: without any authorisation, within the same step (safety invariant 2)", () => {
    for (const at of [0, 1]) expect(actions(storyOf(29, at)).at(-1)).toBe("open!");
  });

  it("row 34: the stop command leaves even when the disk refuses", () => {
    expect(actions(storyOf(34))).toEqual(["open", "stop!"]);
  });

  it("row 37: nothing closes before a person has spoken (safety invariant 7)", () => {
    const bench = storyOf(37);
    expect(actions(bench)).toEqual(["open"]);
    bench.set({ arming: false });
    bench.wait(1_000);
    expect(actions(bench)).toEqual(["open", "close"]);
  });
});
