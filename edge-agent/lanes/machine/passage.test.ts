import { describe, expect, it } from "vitest";
import { actions, alarms, entry, kinds, plates, statuses } from "../testing/entry.ts";
import type { Bench } from "../testing/lane-bench.ts";
import { arrive, driveOn, driveThrough, openFor, settleDown } from "../testing/vehicle.ts";

describe("direction", () => {
  it("is in doubt when neither side was seen: counted, and put up for review", () => {
    const bench = entry();
    openFor(bench, "BAB1234");
    bench.set({ safety: true });
    bench.set({ arming: false });
    bench.set({ safety: false });
    settleDown(bench);
    expect(bench.records("movement")).toMatchObject([{ review: "direction_ambiguous", kind: "normal" }]);
    expect(statuses(bench)).toEqual(["open"]);
  });

  it("edge case 8: is not told by a closing loop that the vehicle in front still covers", () => {
    const bench = entry();
    openFor(bench, "BAB1234");
    bench.set({ closing: true });
    bench.set({ safety: true });
    bench.wait(1_000);
    bench.set({ closing: false });
    bench.set({ safety: false });
    expect(statuses(bench)).toEqual(["void"]);
    expect(bench.book.inside()).toBe(0);
    // It came the wrong way out; the vehicle it was opened for still waits, and is asked again.
    settleDown(bench);
    expect(statuses(bench)).toEqual(["void", "provisional"]);
  });

  it("without a closing loop: never void when the next vehicle has already rolled up", () => {
    const bench = entry({ wired: ["arming", "safety", "open_limit", "closed_limit"] });
    openFor(bench, "BAB1234");
    bench.set({ safety: true });
    bench.set({ arming: false });
    bench.wait(500);
    bench.set({ arming: true });
    bench.wait(100);
    bench.set({ safety: false });
    settleDown(bench);
    expect(statuses(bench)[0]).toBe("open");
    expect(bench.records("movement")[0]).toMatchObject({ review: "direction_ambiguous" });
  });

  it("edge case 8: raises an alarm for a loop crossed the wrong way at rest", () => {
    const bench = entry();
    bench.set({ closing: true });
    expect(alarms(bench)).toEqual(["wrong_way"]);
    expect(bench.lane().trouble).toContain("crossed");
    expect(actions(bench)).toEqual([]);
  });

  it("raises it again only after a while, however much the loop flaps", () => {
    const bench = entry();
    for (let i = 0; i < 20; i++) bench.set({ closing: i % 2 === 0 });
    expect(alarms(bench)).toEqual(["wrong_way"]);
    bench.wait(10_000);
    expect(bench.lane().trouble).toBeNull();
    bench.set({ safety: true });
    expect(alarms(bench)).toEqual(["wrong_way", "wrong_way"]);
  });
});

describe("a vehicle that creeps", () => {
  it("onto the safety loop before the arm moves has reached the arm", () => {
    const bench = entry();
    bench.set({ arming: true });
    bench.wait(300);
    bench.set({ safety: true });
    bench.read("BAB1234");
    expect(bench.lane().state).toBe("OPENING");
    bench.wait(1_000);
    expect(bench.lane().state).toBe("PASSING");
    bench.set({ arming: false });
    bench.wait(5_000);
    driveOn(bench);
    settleDown(bench);
    expect(statuses(bench)).toEqual(["open"]);
    expect(kinds(bench)).toEqual(["normal"]);
  });

  it("onto the safety loop of an arm that stays down still gets its retry and its fault", () => {
    const bench = entry({ armObeys: false });
    arrive(bench, "BAB1234");
    bench.set({ safety: true });
    bench.wait(2_250);
    expect(actions(bench)).toEqual(["open", "open"]);
    bench.wait(2_250);
    expect(bench.lane().state).toBe("FAULT");
    expect(statuses(bench)).toEqual(["provisional"]);
  });

  it("away from the arming loop and onto the safety loop, arm down, is not taken to have gone", () => {
    const bench = entry({ armObeys: false });
    arrive(bench, "BAB1234");
    bench.set({ safety: true, arming: false });
    bench.wait(2_000);
    expect(bench.lane().state).toBe("OPENING");
    bench.set({ closed_limit: false });
    expect(bench.lane().state).toBe("PASSING");
  });

  it("and is still there after a loss of the board keeps its stay", () => {
    const bench = entry();
    bench.set({ arming: true, safety: true });
    bench.read("BAB1234");
    bench.wait(1_000);
    bench.lose();
    bench.set({ safety: false, arming: false, closing: true });
    bench.see();
    expect(statuses(bench)).toEqual(["open"]);
    expect(kinds(bench)).toEqual(["inferred"]);
  });
});

describe("several vehicles on one opening", () => {
  it("edge case 3: the second is a tailgater with a stay of its own plate", () => {
    const bench = entry();
    openFor(bench, "BAB1234");
    bench.set({ safety: true });
    bench.set({ arming: false });
    bench.wait(300);
    bench.set({ arming: true });
    bench.read("HHCD77");
    bench.set({ closing: true });
    bench.set({ safety: false });
    bench.set({ safety: true });
    expect(bench.lane().state).toBe("PASSING");
    expect(alarms(bench)).toEqual(["tailgate"]);
    bench.set({ closing: false, arming: false });
    driveOn(bench);
    settleDown(bench);
    expect(plates(bench)).toEqual(["BAB1234", "HHCD77"]);
    expect(statuses(bench)).toEqual(["open", "open"]);
    expect(kinds(bench)).toEqual(["normal", "tailgate"]);
    expect(bench.book.inside()).toBe(2);
    expect(actions(bench)).toEqual(["open", "close"]);
  });

  it("the tailgater does not get the plate of the vehicle that waits behind it", () => {
    const bench = entry();
    openFor(bench, "BAB1234");
    driveThrough(bench);
    bench.wait(500);
    driveThrough(bench);
    bench.set({ arming: true });
    bench.wait(800);
    bench.read("MXY999");
    bench.wait(3_000);
    expect(plates(bench)).toEqual(["BAB1234", null, "MXY999"]);
    expect(bench.lane().credit?.plate).toBe("MXY999");
  });

  it("a plate that is inside already and follows in is counted, its older stay put up for review", () => {
    const bench = entry();
    const older = bench.parked("HHCD77", 3_600_000);
    openFor(bench, "BAB1234");
    driveThrough(bench);
    bench.set({ arming: true });
    bench.read("HHCD77");
    driveThrough(bench);
    settleDown(bench);
    expect(bench.book.stays.get(older.stayId)?.review).toBe("missed_exit");
    expect(plates(bench)).toEqual(["HHCD77", "BAB1234", "HHCD77"]);
  });

  it("the next vehicle is not admitted under a misreading of the one before it", () => {
    const bench = entry();
    bench.set({ arming: true });
    bench.read("8AB1234", { confidence: 0.6 });
    bench.read("BAB1234");
    bench.wait(1_300);
    // Bumper to bumper: the arming loop never clears between the two.
    bench.set({ safety: true });
    driveOn(bench);
    settleDown(bench);
    bench.wait(5_000);
    expect(bench.lane().state).toBe("ARMED");
    expect(plates(bench)).toEqual(["BAB1234"]);
  });

  it("a camera that goes on reading a vehicle that waits long under the open arm does not name the next one", () => {
    const bench = entry();
    arrive(bench, "BAB1234");
    bench.wait(70_000);
    driveThrough(bench);
    bench.read("BAB1234");
    bench.set({ arming: true });
    settleDown(bench);
    bench.wait(5_000);
    expect(bench.lane().state).toBe("ARMED");
    expect(plates(bench)).toEqual(["BAB1234"]);
  });
});

describe("edge case 7: a trailer", () => {
  /** A car that covers every loop while the gap behind it is over the safety loop. */
  function carIsThrough(bench: Bench): void {
    openFor(bench, "BAB1234");
    bench.set({ safety: true });
    bench.wait(400);
    bench.set({ closing: true });
    bench.wait(400);
    bench.set({ safety: false });
  }

  /** What hangs on it follows, and the lane is clear. */
  function restIsThrough(bench: Bench): void {
    bench.set({ arming: false });
    bench.wait(400);
    bench.set({ safety: false });
    bench.wait(400);
    bench.set({ closing: false });
    settleDown(bench);
  }

  it("is the same passage as its car: no alarm, no second stay", () => {
    const bench = entry();
    carIsThrough(bench);
    bench.wait(300);
    bench.set({ safety: true });
    expect(bench.lane().state).toBe("PASSING");
    restIsThrough(bench);
    expect(alarms(bench)).toEqual([]);
    expect(statuses(bench)).toEqual(["open"]);
    expect(bench.book.inside()).toBe(1);
    expect(bench.lane().state).toBe("IDLE");
  });

  it("under an arm that is held open counts once with its car, and so does a second one", () => {
    const bench = entry();
    bench.hold();
    carIsThrough(bench);
    for (let trailers = 0; trailers < 2; trailers++) {
      bench.wait(300);
      bench.set({ safety: true });
      bench.wait(400);
      bench.set({ safety: false });
    }
    bench.set({ arming: false, closing: false });
    expect(kinds(bench)).toEqual(["free"]);
  });

  it.each([
    ["comes later than a gap is long", (bench: Bench) => bench.wait(1_000)],
    ["has another plate", (bench: Bench) => bench.read("HHCD77")],
    [
      "comes over an arming loop that was clear meanwhile",
      (bench: Bench) => {
        bench.set({ arming: false });
        bench.set({ arming: true });
      },
    ],
    ["comes when the closing loop is clear already", (bench: Bench) => bench.set({ closing: false })],
  ])("is none that %s: that is a tailgater", (_what, happens) => {
    const bench = entry();
    carIsThrough(bench);
    happens(bench);
    bench.set({ safety: true });
    restIsThrough(bench);
    expect(alarms(bench)).toEqual(["tailgate"]);
    expect(bench.book.inside()).toBe(2);
  });

  it("of a vehicle without a credit is told from a tailgater by what was read after it came", () => {
    for (const [plate, passed] of [
      [null, 1],
      ["HHCD77", 2],
    ] as const) {
      const bench = entry({ armObeys: false });
      bench.set({ arming: true, closed_limit: false });
      bench.set({ safety: true });
      bench.set({ closing: true });
      bench.wait(100);
      if (plate !== null) bench.read(plate);
      bench.set({ safety: false });
      bench.set({ safety: true });
      restIsThrough(bench);
      expect(bench.book.inside()).toBe(passed);
    }
  });
});

describe("an obstruction while closing", () => {
  for (const input of ["safety", "closing", "photocell"] as const) {
    it(`at the ${input} input reopens within the same step and closes when it is gone`, () => {
      const bench = entry();
      openFor(bench, "BAB1234");
      driveThrough(bench);
      bench.wait(1_200);
      expect(bench.lane().state).toBe("CLOSING");
      bench.set({ [input]: true });
      expect(actions(bench)).toEqual(["open", "close", "open!"]);
      expect(alarms(bench)).toEqual(["obstruction"]);
      bench.wait(10_000);
      expect(actions(bench)).toEqual(["open", "close", "open!"]);
      bench.set({ [input]: false });
      bench.wait(10_000);
      expect(actions(bench)).toEqual(["open", "close", "open!", "close"]);
      expect(bench.lane().state).toBe("IDLE");
    });
  }

  it("reopens again when the board refuses the first time, and no more than twice", () => {
    const bench = entry();
    openFor(bench, "BAB1234");
    driveThrough(bench);
    bench.wait(1_200);
    bench.set({ safety: true });
    const [, , reopen] = bench.commands();
    bench.answer(reopen!.id, "silent");
    expect(actions(bench)).toEqual(["open", "close", "open!", "open!"]);
    bench.answer(bench.commands()[3]!.id, "silent");
    expect(actions(bench)).toHaveLength(4);
  });

  it("edge case 4: never closes while the closing loop is covered, and counts the vehicle when it has driven on", () => {
    const bench = entry();
    openFor(bench, "BAB1234");
    bench.set({ safety: true, arming: false });
    bench.set({ closing: true });
    bench.set({ safety: false });
    bench.wait(600_000);
    expect(bench.lane()).toMatchObject({ state: "CLEARING", trouble: null });
    expect(bench.book.inside()).toBe(0);
    bench.set({ closing: false });
    bench.wait(1_000);
    expect(bench.book.inside()).toBe(1);
    expect(bench.lane().state).toBe("CLOSING");
  });

  it("edge case 6: never closes on a vehicle that stalls under the arm, and raises an alarm once", () => {
    const bench = entry();
    openFor(bench, "BAB1234");
    bench.set({ safety: true });
    bench.wait(600_000);
    expect(bench.lane().state).toBe("PASSING");
    expect(alarms(bench)).toEqual(["stuck"]);
    expect(actions(bench)).toEqual(["open"]);
  });
});
