import { describe, expect, it } from "vitest";
import type { Told } from "../../journal.ts";
import { Day } from "../testing/day.ts";
import { SCHEDULE } from "../testing/places.ts";

const UNDER = { underneath: [1], covered: ["safety", "photocell"] } as const;
const hit = (covered: readonly ("safety" | "photocell")[]): Told => ({
  kind: "arm_hit",
  visit: 1,
  lane: "entry-1",
  covered,
});
const lies = (input: "safety" | "photocell" | "closing", says: "always off" | "what is there"): Told => ({
  kind: "sensor",
  lane: "entry-1",
  input,
  says,
});
const judged = (day: Day) => day.judged(SCHEDULE, ["no-arm-on-a-vehicle"]);

describe("no arm on a vehicle", () => {
  it("keeps to a lane that is clear", () => {
    expect(judged(new Day().pulse("entry-1", "close").arm("entry-1", "down"))).toEqual([]);
  });

  it("breaks where a lane is told to close on a vehicle that any sensor sees", () => {
    expect(judged(new Day().pulse("entry-1", "close", UNDER))).toEqual([
      "no-arm-on-a-vehicle: the arm is told to close at entry-1 while vehicle 1 (B AB 123) stands under it, seen by safety, photocell",
    ]);
  });

  it("breaks where the arm begins to come down on one", () => {
    expect(judged(new Day().arm("entry-1", "down", UNDER))).toHaveLength(1);
  });

  it("breaks where one is hit, and names the sensors", () => {
    expect(judged(new Day().pulse("entry-1", "close").tell(hit(["safety"])))).toEqual([
      "no-arm-on-a-vehicle: the arm of entry-1 hits vehicle 1 (B AB 123), which safety saw",
    ]);
  });

  it("is not excused by one liar among sensors that see", () => {
    const day = new Day().tell(lies("safety", "always off")).at(60_000);
    expect(judged(day.pulse("entry-1", "close", UNDER).tell(hit(["safety", "photocell"])))).toHaveLength(2);
  });

  it("is excused where all that see lie, and no longer than they do", () => {
    const blind = () =>
      new Day().tell(lies("safety", "always off"), lies("photocell", "always off")).at(60_000);
    expect(judged(blind().pulse("entry-1", "close", UNDER))).toEqual([]);
    const mended = blind().tell(lies("photocell", "what is there")).at(65_000);
    expect(judged(mended.pulse("entry-1", "close", UNDER))).toHaveLength(1);
  });

  it("is excused where no sensor is made for so small a vehicle", () => {
    expect(judged(new Day().pulse("entry-1", "close").tell(hit([])))).toEqual([]);
  });

  it("takes every loop for a liar where a lane does not say which, but not the photocell", () => {
    const stuck: Told = { kind: "fault", id: 1, fault: "loop_stuck_off", on: true, target: "entry-1" };
    const day = new Day().tell(stuck).at(60_000);
    expect(judged(day.tell(hit(["safety"])))).toEqual([]);
    expect(judged(day.tell(hit(["safety", "photocell"])))).toHaveLength(1);
  });

  it("excuses who drives under an arm that a dead gate cannot call back, and not who stood there before", () => {
    const dead: Told = { kind: "agent", what: "killed", epoch: 1, detail: "" };
    const clear = new Day()
      .pulse("entry-1", "close")
      .tell(dead)
      .at(500)
      .tell(hit(["safety"]));
    expect(judged(clear)).toEqual([]);
    const taken = new Day()
      .pulse("entry-1", "close", UNDER)
      .tell(dead)
      .at(500)
      .tell(hit(["safety"]));
    expect(judged(taken)).toHaveLength(2);
  });

  it("excuses what a gate was told late", () => {
    const late: Told = { kind: "fault", id: 1, fault: "events_late", on: true, target: "entry-1" };
    expect(judged(new Day().tell(late).pulse("entry-1", "close", UNDER))).toEqual([]);
    const elsewhere: Told = { ...late, target: "exit-1" };
    expect(judged(new Day().tell(elsewhere).pulse("entry-1", "close", UNDER))).toHaveLength(1);
  });
});
