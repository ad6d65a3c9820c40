import { describe, expect, it } from "vitest";
import type { Told } from "../../journal.ts";
import { Day, goodDay, movementOf, quoteOf, stayOf } from "../testing/day.ts";
import { SCHEDULE } from "../testing/places.ts";

const judged = (day: Day) => day.judged(SCHEDULE, ["one-opening-one-passage"]);
const hold = (on: boolean): Told => ({
  kind: "record",
  lane: "exit-1",
  record: { type: "hold", on, cause: "operator", actor: "alex", reason: "" },
});

describe("one credit, one opening, one passage", () => {
  it("keeps to a good day", () => {
    expect(judged(goodDay())).toEqual([]);
  });

  it("breaks where nothing was decided, and nobody's stay goes through", () => {
    const day = new Day().drivesUp("exit-1", 1).pulse("exit-1", "open").arm("exit-1", "up");
    day.goesThrough("exit-1", 1, null, { kind: "manual" });
    expect(judged(day)).toEqual([
      "one-opening-one-passage: exit-1 opened without a decision, for a movement of kind manual without a stay",
    ]);
  });

  it("keeps where who owes nothing is let out without a record", () => {
    const day = new Day().drivesUp("exit-1", 1).pulse("exit-1", "open").arm("exit-1", "up");
    expect(judged(day.goesThrough("exit-1", 1, stayOf(1, 0), { quote: quoteOf(0) }))).toEqual([]);
  });

  it("breaks where two passages are credited to one opening", () => {
    const day = goodDay();
    day.record("entry-1", movementOf(99, "in", stayOf(4, 0), 4));
    expect(judged(day)).toEqual([
      "one-opening-one-passage: entry-1 writes down a second passage of kind normal on one opening",
    ]);
  });

  it("keeps where the second is written down as a tailgater", () => {
    const day = goodDay();
    day.record("entry-1", movementOf(99, "in", stayOf(4, 0), 4, { kind: "tailgate" }));
    expect(judged(day)).toEqual([]);
  });

  it("keeps to a second try, and to what is held open", () => {
    const jammed = new Day().drivesUp("entry-1", 1);
    jammed.record("entry-1", { type: "stay_started", stay: stayOf(1, 0), credential: null, zone: null });
    jammed.pulse("entry-1", "open").at(3_000).pulse("entry-1", "open").arm("entry-1", "up");
    expect(judged(jammed.goesThrough("entry-1", 1, stayOf(1, 0)))).toEqual([]);
    const held = new Day().tell(hold(true)).pulse("exit-1", "open").arm("exit-1", "up");
    held.goesThrough("exit-1", 1, null, { kind: "free" });
    expect(judged(held)).toEqual([]);
  });

  it("does not take a hold that is over for a decision", () => {
    const day = new Day().tell(hold(true), hold(false)).pulse("exit-1", "open").arm("exit-1", "up");
    expect(judged(day.goesThrough("exit-1", 1, null, { kind: "free" }))).toHaveLength(1);
  });
});
