import { describe, expect, it } from "vitest";
import type { DriverScript } from "../../../world/driver.ts";
import type { Told } from "../../journal.ts";
import type { Schedule } from "../../schedule.ts";
import { goodDay, movementOf, type Day } from "../testing/day.ts";
import { HOUR_MS, SCHEDULE, visitOf } from "../testing/places.ts";

const judged = (day: Day, schedule = SCHEDULE) => day.judged(schedule, ["passages-recorded"]);
const isMovement = (visit: string) => (entry: { readonly kind: string }) =>
  "record" in entry && JSON.stringify(entry).includes(`"movement"`) && JSON.stringify(entry).includes(visit);

describe("passages are recorded", () => {
  it("as they were", () => {
    expect(judged(goodDay())).toEqual([]);
  });

  it("breaks where a vehicle goes through and no movement says so", () => {
    const day = goodDay().without(isMovement("HHCD77"));
    expect(judged(day)).toEqual([
      "passages-recorded: vehicle 2 (HH CD 77) went in through entry-1, and no movement says so",
      "passages-recorded: vehicle 2 (HH CD 77) went out through exit-1, and no movement says so",
    ]);
  });

  it("breaks where a movement is written of which nothing is true", () => {
    const day = goodDay()
      .at(5 * HOUR_MS)
      .record("entry-1", movementOf(99, "in", null, 4));
    expect(judged(day)).toEqual([
      "passages-recorded: entry-1 wrote down a normal movement in (MXY999), and nobody went through".replace(
        "MXY999",
        "KAP4711",
      ),
    ]);
  });

  it("breaks where one passage is written down twice, or the other way", () => {
    const twice = goodDay();
    twice.record("entry-1", movementOf(99, "in", null, 3));
    expect(judged(twice)).toHaveLength(1);
    const wrongWay = goodDay().instead(
      "passed",
      { direction: "entry" },
      (entry) => "lane" in entry && entry.lane === "exit-1",
    );
    expect(judged(wrongWay)).toHaveLength(4);
  });

  it("excuses what passed while a loop lied there, and not elsewhere or long after", () => {
    const stuck = (lane: string, on: boolean): Told => ({
      kind: "fault",
      id: 1,
      fault: "loop_stuck_off",
      on,
      target: lane,
    });
    const withFault = (lane: string, untilMs: number) => {
      const day = goodDay().without(isMovement("MXY999"));
      const entries = day.entries;
      day.entries = [];
      day.at(0).tell(stuck(lane, true)).at(untilMs).tell(stuck(lane, false));
      day.entries = [...day.entries, ...entries].toSorted((a, b) => a.atMs - b.atMs);
      return day;
    };
    expect(judged(withFault("entry-1", HOUR_MS))).toEqual([]);
    expect(judged(withFault("exit-1", HOUR_MS))).toHaveLength(1);
    expect(judged(withFault("entry-1", 60_000))).toHaveLength(1);
  });

  it("excuses who had left all loops behind and then came back, and nobody else who backs out", () => {
    const day = goodDay().at(5 * HOUR_MS);
    day.drivesUp("entry-1", 4).record("entry-1", movementOf(99, "in", null, 4));
    day.at(day.nowMs + 8_000).tell({ kind: "backed_out", visit: 4, lane: "entry-1" });
    const drivenBy = (entry: DriverScript): Schedule => {
      const visits = SCHEDULE.visits.map((visit) => (visit.id === 4 ? { ...visit, entry } : visit));
      return { ...SCHEDULE, visits };
    };
    expect(judged(day, drivenBy({ kind: "reverse_through", afterMs: 700 }))).toEqual([]);
    expect(judged(day, drivenBy({ kind: "back_out", from: "opened", afterMs: 700 }))).toHaveLength(1);
  });

  it("excuses a motorcycle that no loop is made for", () => {
    const day = goodDay().without(isMovement("MXY999"));
    const rides = visitOf(3, { vehicle: { ...visitOf(3).vehicle, kind: "motorcycle" } });
    const visits = SCHEDULE.visits.map((visit) => (visit.id === 3 ? rides : visit));
    expect(judged(day, { ...SCHEDULE, visits })).toEqual([]);
  });

  it("excuses a scooter in front of a vehicle whose plate was not read, and takes neither for the other", () => {
    const day = goodDay().at(5 * HOUR_MS);
    day.drivesUp("entry-1", 3).tell({ kind: "passed", visit: 3, lane: "entry-1", direction: "entry" });
    day.at(day.nowMs + 12_000).tell({ kind: "passed", visit: 4, lane: "entry-1", direction: "entry" });
    day.record("entry-1", movementOf(99, "in", null, 4, { plate: null }));
    const visits = SCHEDULE.visits.map((visit) =>
      visit.id === 3 ? { ...visit, vehicle: { ...visit.vehicle, kind: "scooter" as const } } : visit,
    );
    expect(judged(day, { ...SCHEDULE, visits })).toEqual([]);
  });

  it("excuses who went through in the name of a scooter in front that no loop had seen leave", () => {
    const behind = (kind: "scooter" | "car") => {
      const day = goodDay().at(5 * HOUR_MS);
      day.drivesUp("entry-1", 3).tell({ kind: "passed", visit: 3, lane: "entry-1", direction: "entry" });
      day.at(day.nowMs + 15_000).tell({ kind: "passed", visit: 4, lane: "entry-1", direction: "entry" });
      day.record("entry-1", movementOf(99, "in", null, 3));
      const visits = SCHEDULE.visits.map((visit) =>
        visit.id === 3 ? { ...visit, vehicle: { ...visit.vehicle, kind } } : visit,
      );
      return judged(day, { ...SCHEDULE, visits });
    };
    expect(behind("scooter")).toEqual([]);
    expect(behind("car")).toHaveLength(1);
  });

  it("finds the movement that was concluded after the program was back", () => {
    const day = goodDay().without(isMovement("MXY999"));
    day.tell({ kind: "agent", what: "killed", epoch: 1, detail: "" });
    day.drivesUp("entry-1", 4).tell({ kind: "passed", visit: 4, lane: "entry-1", direction: "entry" });
    day.nowMs += 5 * 60_000;
    day.tell({ kind: "agent", what: "started", epoch: 2, detail: "" });
    day.record("entry-1", movementOf(98, "in", null, 4, { kind: "inferred" }));
    expect(judged(day)).toEqual([
      "passages-recorded: vehicle 3 (M XY 999) went in through entry-1, and no movement says so",
    ]);
  });
});
