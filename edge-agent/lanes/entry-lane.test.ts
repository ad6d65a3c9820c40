import { describe, expect, it } from "vitest";
import type { StayId } from "@parkme/shared/domain/ids";
import { createBench, creditOf, type Bench, type BenchOptions } from "./testing/lane-bench.ts";
import { arrive, driveThrough, passNormally, ready, settleDown } from "./testing/vehicle.ts";

function entry(options: BenchOptions = {}): Bench {
  const bench = createBench({ direction: "entry", ...options });
  ready(bench);
  return bench;
}

const actions = (bench: Bench): string[] =>
  bench.commands().map(({ action, safety }) => (safety ? `${action}!` : action));

/** Status of each stay in the order they began. */
const statuses = (bench: Bench): string[] => [...bench.book.stays.values()].map(({ status }) => status);
const plates = (bench: Bench): (string | null)[] =>
  [...bench.book.stays.values()].map(({ stay }) => stay.plate);
const kinds = (bench: Bench): string[] => bench.records("movement").map(({ kind }) => kind);
const alarms = (bench: Bench): string[] => bench.records("alarm").map(({ kind }) => kind);

describe("a normal entry", () => {
  it("starts a provisional stay with the open command, and confirms it when the vehicle is in", () => {
    const bench = entry();
    arrive(bench, "BAB1234");
    expect(bench.lane().state).toBe("OPENING");
    expect(actions(bench)).toEqual(["open"]);
    expect(statuses(bench)).toEqual(["provisional"]);
    expect(bench.book.inside()).toBe(0);
    bench.wait(1_000);
    expect(bench.lane().state).toBe("OPEN");
    driveThrough(bench);
    expect(bench.lane().state).toBe("CLEARING");
    expect(bench.book.inside()).toBe(0);
    bench.wait(1_000);
    expect(bench.lane().state).toBe("CLOSING");
    expect(bench.book.inside()).toBe(1);
    settleDown(bench);
    expect(bench.lane().state).toBe("IDLE");
    expect(statuses(bench)).toEqual(["open"]);
    expect(actions(bench)).toEqual(["open", "close"]);
    expect(kinds(bench)).toEqual(["normal"]);
    expect(alarms(bench)).toEqual([]);
  });

  it("works without closing loop, photocell and open limit", () => {
    const bench = entry({ wired: ["arming", "safety", "closed_limit"] });
    passNormally(bench, "BAB1234");
    expect(bench.lane().state).toBe("IDLE");
    expect(statuses(bench)).toEqual(["open"]);
    expect(bench.records("movement")[0]?.review).toBeNull();
  });

  it("does not start for a loop that blinks", () => {
    const bench = entry();
    bench.set({ arming: true });
    bench.wait(299);
    bench.set({ arming: false });
    bench.wait(10_000);
    expect(bench.beats.some(({ after }) => after.state === "ARMED")).toBe(false);
  });

  it("waits for the plate, tells the driver when none came, and takes a late one while the vehicle stands", () => {
    const bench = entry();
    arrive(bench, null);
    bench.wait(2_499);
    expect(bench.lane()).toMatchObject({ state: "ARMED", display: "Reading your plate" });
    bench.wait(1);
    expect(bench.lane()).toMatchObject({ state: "ARMED" });
    expect(bench.lane().display).toMatch(/not read/);
    bench.wait(60_000);
    expect(actions(bench)).toEqual([]);
    bench.read("BAB1234", { confidence: 0.7 });
    expect(bench.lane().state).toBe("OPENING");
  });

  it("lets vehicles in one after the other under their own plates", () => {
    const bench = entry();
    for (const plate of ["BAB1234", "HHCD77", "MXY999"]) passNormally(bench, plate);
    expect(plates(bench)).toEqual(["BAB1234", "HHCD77", "MXY999"]);
    expect(statuses(bench)).toEqual(["open", "open", "open"]);
    expect(bench.book.inside()).toBe(3);
  });

  it("starts over for the next vehicle that already waits when the arm has closed", () => {
    const bench = entry();
    arrive(bench, "BAB1234");
    bench.wait(1_000);
    driveThrough(bench);
    bench.set({ arming: true });
    bench.read("HHCD77");
    settleDown(bench);
    bench.wait(2_000);
    expect(plates(bench)).toEqual(["BAB1234", "HHCD77"]);
    expect(actions(bench)).toEqual(["open", "close", "open"]);
  });
});

describe("a vehicle that turns round", () => {
  it("before anything was granted leaves no trace", () => {
    const bench = entry();
    arrive(bench, null);
    bench.set({ arming: false });
    bench.wait(1_499);
    expect(bench.lane().state).toBe("ARMED");
    bench.wait(1);
    expect(bench.lane().state).toBe("IDLE");
    expect(bench.book.stays.size).toBe(0);
  });

  it("after the grant: its stay is void, nothing is counted, and the arm closes", () => {
    const bench = entry();
    passNormally(bench, "HHCD77");
    arrive(bench, "BAB1234");
    bench.wait(1_000);
    bench.set({ arming: false });
    bench.wait(10_000);
    expect(bench.lane().state).toBe("IDLE");
    expect(statuses(bench)).toEqual(["open", "void"]);
    expect(bench.book.inside()).toBe(1);
    expect(actions(bench)).toEqual(["open", "close", "open", "close"]);
    passNormally(bench, "BAB1234");
    expect(statuses(bench)).toEqual(["open", "void", "open"]);
  });

  it("after a first start of the agent: the arm stays open until the loop is proven or a person resets", () => {
    const bench = entry({ counts: false });
    arrive(bench, "BAB1234");
    bench.wait(1_000);
    bench.set({ arming: false });
    bench.wait(60_000);
    expect(bench.lane().state).toBe("CLEARING");
    expect(bench.lane().trouble).toMatch(/Reset/);
    expect(actions(bench)).toEqual(["open"]);
    expect(bench.reset().ok).toBe(true);
    expect(bench.records("reset")).toMatchObject([{ actor: "alex", reason: "looked at it" }]);
    bench.wait(1_000);
    expect(actions(bench)).toEqual(["open", "close"]);
    settleDown(bench);
    expect(bench.lane().state).toBe("IDLE");
  });

  it("under the arm: reversed, void, not counted", () => {
    const bench = entry();
    arrive(bench, "BAB1234");
    bench.wait(1_000);
    bench.set({ safety: true });
    bench.wait(2_000);
    bench.set({ safety: false });
    expect(statuses(bench)).toEqual(["void"]);
    bench.set({ arming: false });
    bench.wait(10_000);
    expect(bench.lane().state).toBe("IDLE");
    expect(bench.book.inside()).toBe(0);
  });

  it("that only left the arming loop slowly is not closed upon, and comes in under its own plate", () => {
    const bench = entry();
    arrive(bench, "BAB1234");
    bench.wait(1_000);
    bench.set({ arming: false });
    bench.wait(2_000);
    expect(bench.lane().state).toBe("CLEARING");
    driveThrough(bench);
    settleDown(bench);
    expect(bench.book.inside()).toBe(1);
    expect(statuses(bench)).toEqual(["void", "open"]);
    expect(plates(bench)).toEqual(["BAB1234", "BAB1234"]);
  });

  it("before the grant, with its nose on the safety loop still, has not left yet", () => {
    const bench = entry();
    arrive(bench, null);
    bench.set({ safety: true, arming: false });
    bench.wait(10_000);
    expect(bench.lane().state).toBe("ARMED");
    bench.set({ safety: false });
    bench.wait(1_500);
    expect(bench.lane().state).toBe("IDLE");
  });

  it("on a display that says full goes, and takes its question along", () => {
    const bench = entry({ capacity: 0 });
    bench.set({ arming: true });
    bench.wait(300);
    bench.set({ arming: false });
    bench.wait(500);
    bench.read("BAB1234");
    expect(bench.lane().state).toBe("DENIED");
    bench.wait(1_500);
    expect(bench.lane().state).toBe("IDLE");
  });
});

describe("direction", () => {
  it("is in doubt when neither side was seen: counted, and put up for review", () => {
    const bench = entry();
    arrive(bench, "BAB1234");
    bench.wait(1_000);
    bench.set({ safety: true });
    bench.set({ arming: false });
    bench.set({ safety: false });
    settleDown(bench);
    expect(bench.records("movement")).toMatchObject([{ review: "direction_ambiguous", kind: "normal" }]);
    expect(statuses(bench)).toEqual(["open"]);
  });

  it("is not told by a closing loop that the vehicle in front still covers", () => {
    const bench = entry();
    arrive(bench, "BAB1234");
    bench.wait(1_000);
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
    arrive(bench, "BAB1234");
    bench.wait(1_000);
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

  it("raises an alarm for a loop crossed the wrong way at rest", () => {
    const bench = entry();
    bench.set({ closing: true });
    bench.set({ safety: true, closing: false });
    expect(alarms(bench)).toEqual(["wrong_way", "wrong_way"]);
    expect(actions(bench)).toEqual([]);
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
    bench.set({ closing: true });
    bench.set({ safety: false });
    bench.set({ closing: false });
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
  it("the second is a tailgater with a stay of its own plate", () => {
    const bench = entry();
    arrive(bench, "BAB1234");
    bench.wait(1_000);
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
    bench.set({ closing: true });
    bench.set({ safety: false });
    bench.set({ closing: false });
    settleDown(bench);
    expect(plates(bench)).toEqual(["BAB1234", "HHCD77"]);
    expect(statuses(bench)).toEqual(["open", "open"]);
    expect(kinds(bench)).toEqual(["normal", "tailgate"]);
    expect(bench.book.inside()).toBe(2);
    expect(actions(bench)).toEqual(["open", "close"]);
  });

  it("the tailgater does not get the plate of the vehicle that waits behind it", () => {
    const bench = entry();
    arrive(bench, "BAB1234");
    bench.wait(1_000);
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
    arrive(bench, "BAB1234");
    bench.wait(1_000);
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
    bench.set({ closing: true });
    bench.set({ safety: false });
    bench.set({ closing: false });
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

describe("an obstruction while closing", () => {
  for (const input of ["safety", "closing", "photocell"] as const) {
    it(`at the ${input} input reopens within the same step and closes when it is gone`, () => {
      const bench = entry();
      arrive(bench, "BAB1234");
      bench.wait(1_000);
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
    arrive(bench, "BAB1234");
    bench.wait(1_000);
    driveThrough(bench);
    bench.wait(1_200);
    bench.set({ safety: true });
    const [, , reopen] = bench.commands();
    bench.answer(reopen!.id, "silent");
    expect(actions(bench)).toEqual(["open", "close", "open!", "open!"]);
    bench.answer(bench.commands()[3]!.id, "silent");
    expect(actions(bench)).toHaveLength(4);
  });

  it("never closes while the closing loop is covered, and counts the vehicle when it has driven on", () => {
    const bench = entry();
    arrive(bench, "BAB1234");
    bench.wait(1_000);
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

  it("never closes on a vehicle that stalls under the arm, and raises an alarm once", () => {
    const bench = entry();
    arrive(bench, "BAB1234");
    bench.wait(1_000);
    bench.set({ safety: true });
    bench.wait(600_000);
    expect(bench.lane().state).toBe("PASSING");
    expect(alarms(bench)).toEqual(["stuck"]);
    expect(actions(bench)).toEqual(["open"]);
  });
});

describe("reads", () => {
  it("ten times the same one: one stay, one opening", () => {
    const bench = entry();
    bench.set({ arming: true });
    for (let i = 0; i < 10; i++) bench.read("BAB1234", { sourceId: "event-7" });
    bench.wait(300);
    for (let i = 0; i < 10; i++) bench.read("BAB1234", { sourceId: "event-7" });
    bench.wait(1_000);
    driveThrough(bench);
    for (let i = 0; i < 10; i++) bench.read("BAB1234", { sourceId: "event-7" });
    settleDown(bench);
    expect(statuses(bench)).toEqual(["open"]);
    expect(actions(bench)).toEqual(["open", "close"]);
  });

  it("never open an idle lane, nor one whose vehicle has left", () => {
    const bench = entry();
    bench.read("BAB1234");
    bench.wait(5_000);
    arrive(bench, null);
    bench.set({ arming: false });
    bench.wait(1_500);
    bench.read("BAB1234");
    bench.wait(60_000);
    expect(actions(bench)).toEqual([]);
  });

  it("of a vehicle that was granted do not open for the one behind it", () => {
    const bench = entry();
    arrive(bench, "BAB1234");
    bench.wait(1_000);
    driveThrough(bench);
    bench.set({ arming: true });
    bench.read("BAB1234");
    settleDown(bench);
    expect(bench.lane().state).toBe("ARMED");
    expect(bench.book.stays.size).toBe(1);
  });

  it("of a vehicle that has passed name nobody for a minute; then it may come again", () => {
    const bench = entry();
    passNormally(bench, "BAB1234");
    bench.set({ arming: true });
    bench.read("8AB1234");
    bench.wait(50_000);
    bench.read("BAB1234");
    expect(bench.lane().state).toBe("ARMED");
    bench.wait(10_000);
    bench.read("BAB1234");
    expect(bench.lane().state).toBe("OPENING");
  });

  it("of two vehicles at once open for neither", () => {
    const bench = entry();
    bench.set({ arming: true });
    bench.read("BAB1234");
    bench.read("HHCD77");
    bench.wait(10_000);
    expect(bench.lane().state).toBe("ARMED");
    expect(actions(bench)).toEqual([]);
  });
});

describe("room", () => {
  it("denies when full, and asks again until there is room", () => {
    const bench = entry({ capacity: 1 });
    const inside = bench.parked("HHCD77", 60_000);
    arrive(bench, "BAB1234");
    expect(bench.lane()).toMatchObject({ state: "DENIED", display: "Full. Please turn round" });
    bench.wait(30_000);
    expect(actions(bench)).toEqual([]);
    bench.book.write({
      type: "movement",
      movementId: "m" as never,
      direction: "out",
      kind: "normal",
      stayId: inside.stayId,
      plate: null,
      review: null,
      quote: null,
    });
    bench.wait(5_000);
    expect(bench.lane().state).toBe("OPENING");
  });

  it("is not given to a vehicle that has turned round meanwhile", () => {
    const bench = entry({ capacity: 0 });
    arrive(bench, "BAB1234");
    bench.wait(4_500);
    bench.set({ arming: false });
    bench.wait(1_000);
    bench.read("HHCD77");
    bench.wait(500);
    expect(bench.lane().state).toBe("IDLE");
  });

  it("admits a plate that is inside already, and puts the older stay up for review", () => {
    const bench = entry();
    const older = bench.parked("BAB1234", 86_400_000);
    passNormally(bench, "BAB1234");
    expect(bench.book.stays.get(older.stayId)).toMatchObject({ status: "open", review: "missed_exit" });
    expect(statuses(bench)).toEqual(["open", "open"]);
  });
});

describe("an attendant", () => {
  it("lets a vehicle without a plate in: it has a stay", () => {
    const bench = entry();
    arrive(bench, null);
    expect(bench.vend().ok).toBe(true);
    const [vend] = bench.records("vend");
    expect(vend?.commandId).toBe(bench.commands()[0]?.id);
    bench.wait(1_000);
    driveThrough(bench);
    settleDown(bench);
    expect(kinds(bench)).toEqual(["vend"]);
    expect(statuses(bench)).toEqual(["open"]);
  });

  it("opens for a vehicle only, and once", () => {
    const bench = entry();
    expect(bench.vend()).toMatchObject({ ok: false, code: "no_vehicle" });
    arrive(bench, null);
    bench.vend();
    expect(bench.vend()).toMatchObject({ ok: false, code: "lane_busy" });
    bench.lose();
    expect(bench.vend()).toMatchObject({ ok: false, code: "lane_unknown" });
    expect(actions(bench)).toEqual(["open"]);
  });

  it("takes no cash at an entry and resets nothing that is well", () => {
    const bench = entry();
    expect(bench.cash("x" as StayId, 500)).toMatchObject({ ok: false, code: "not_paying" });
    expect(bench.reset()).toMatchObject({ ok: false, code: "no_fault" });
  });

  it("who vends at a faulty arm lets a vehicle in with a stay", () => {
    const bench = entry({ armObeys: false });
    passWithArmByHand(bench);
    expect(bench.lane().state).toBe("FAULT");
    bench.set({ arming: true });
    expect(bench.vend().ok).toBe(true);
    driveThrough(bench);
    settleDown(bench);
    expect(statuses(bench)).toEqual(["open", "open"]);
    expect(bench.book.inside()).toBe(2);
  });
});

/** A vehicle passes, and then the arm does not come down. */
function passWithArmByHand(bench: Bench): void {
  arrive(bench, "BAB1234");
  bench.set({ closed_limit: false });
  bench.set({ open_limit: true });
  driveThrough(bench);
  settleDown(bench);
}

describe("an arm that does not obey", () => {
  it("is told once more, then is at fault; a reset resolves the credit and the vehicle is asked again", () => {
    const bench = entry({ armObeys: false });
    arrive(bench, "BAB1234");
    bench.wait(2_250);
    expect(actions(bench)).toEqual(["open", "open"]);
    expect(alarms(bench)).toEqual(["command_refused"]);
    bench.wait(2_250);
    expect(bench.lane().state).toBe("FAULT");
    expect(alarms(bench)).toEqual(["command_refused", "arm_fault"]);
    bench.wait(600_000);
    expect(actions(bench)).toHaveLength(2);
    expect(creditOf(bench.lane())).not.toBeNull();
    expect(bench.reset().ok).toBe(true);
    expect(statuses(bench)).toEqual(["void"]);
    bench.wait(300);
    expect(bench.lane().state).toBe("OPENING");
    expect(plates(bench)).toEqual(["BAB1234", "BAB1234"]);
  });

  it("without counters: the stay in doubt is taken up again, not doubled", () => {
    const bench = entry({ armObeys: false, counts: false });
    arrive(bench, "BAB1234");
    bench.wait(4_500);
    bench.reset();
    bench.wait(300);
    expect(bench.lane().state).toBe("OPENING");
    expect(statuses(bench)).toEqual(["provisional"]);
  });

  it("a refusal is repeated at once, a refusal of the repetition is a fault", () => {
    const bench = entry();
    arrive(bench, "BAB1234");
    bench.answer(bench.commands()[0]!.id, "refused");
    bench.answer(bench.commands()[0]!.id, "silent");
    expect(bench.lane().state).toBe("OPENING");
    expect(actions(bench)).toEqual(["open", "open"]);
    bench.answer(bench.commands()[1]!.id, "silent");
    expect(bench.lane().state).toBe("FAULT");
  });

  it("a vend at the fault tries again for the vehicle whose credit is in doubt", () => {
    const bench = entry({ armObeys: false });
    arrive(bench, "BAB1234");
    bench.wait(4_500);
    expect(bench.vend().ok).toBe(true);
    bench.set({ closed_limit: false });
    driveThrough(bench);
    bench.wait(1_000);
    expect(statuses(bench)).toEqual(["open"]);
    expect(kinds(bench)).toEqual(["normal"]);
  });

  it("that opens late after all lets the vehicle in under its own stay", () => {
    const bench = entry({ armObeys: false });
    arrive(bench, "BAB1234");
    bench.wait(4_500);
    bench.set({ closed_limit: false });
    driveThrough(bench);
    bench.wait(1_000);
    expect(statuses(bench)).toEqual(["open"]);
    expect(kinds(bench)).toEqual(["normal"]);
  });

  it("closed by a person while a vehicle backs out: the lane rests, without a fault", () => {
    const bench = entry({ armObeys: false });
    passWithArmByHand(bench);
    bench.reset();
    bench.set({ closed_limit: true, open_limit: false });
    bench.reset();
    arrive(bench, "HHCD77");
    expect(bench.lane().state).toBe("OPENING");
    bench.set({ arming: false });
    bench.wait(20_000);
    expect(bench.lane().state).toBe("IDLE");
    expect(alarms(bench).filter((kind) => kind === "arm_fault")).toHaveLength(1);
  });

  it("whose closed limit sticks still lets the vehicle under it pass once it is open", () => {
    const bench = entry({ armObeys: false });
    arrive(bench, "BAB1234");
    bench.set({ safety: true });
    bench.set({ open_limit: true });
    expect(bench.lane().state).toBe("PASSING");
  });

  it("that is open already when told to open counts as open", () => {
    const bench = entry({ armObeys: false });
    passWithArmByHand(bench);
    bench.set({ arming: true });
    bench.vend();
    bench.wait(2_250);
    expect(bench.lane().state).toBe("OPEN");
  });

  it("raised by hand: nothing is commanded, and whoever passes has a stay", () => {
    const bench = entry({ armObeys: false });
    bench.set({ arming: true });
    bench.read("BAB1234");
    bench.set({ closed_limit: false });
    expect(bench.lane().state).toBe("UNKNOWN");
    expect(alarms(bench)).toEqual(["forced"]);
    driveThrough(bench);
    bench.wait(1_000);
    expect(plates(bench)).toEqual(["BAB1234"]);
    expect(kinds(bench)).toEqual(["tailgate"]);
  });
});

describe("loss of the board", () => {
  it("while idle: nothing moves, and the lane comes back by itself", () => {
    const bench = entry();
    bench.lose();
    expect(bench.lane().state).toBe("UNKNOWN");
    bench.see();
    expect(bench.lane().state).toBe("IDLE");
    expect(actions(bench)).toEqual([]);
    passNormally(bench, "BAB1234");
    expect(statuses(bench)).toEqual(["open"]);
  });

  it("of one single input is a loss too, and the safety loop must be proven anew", () => {
    const bench = entry({ counts: false });
    passNormally(bench, "BAB1234");
    bench.miss("photocell");
    expect(bench.lane().state).toBe("UNKNOWN");
    expect(bench.lane().loopsProven).toBe(false);
    bench.miss(null);
    expect(bench.lane().state).toBe("IDLE");
    expect(bench.lane().loopsProven).toBe(false);
  });

  it("while opening: the vehicle still stands there, and is let in with one stay only", () => {
    const bench = entry();
    arrive(bench, "BAB1234");
    bench.wait(1_000);
    bench.lose();
    bench.wait(5_000);
    bench.see();
    expect(bench.lane().state).toBe("UNKNOWN");
    expect(bench.lane().trouble).toMatch(/arm is open/);
    driveThrough(bench);
    settleDown(bench);
    expect(statuses(bench)).toEqual(["open"]);
    expect(kinds(bench)).toEqual(["normal"]);
    expect(bench.book.inside()).toBe(1);
  });

  it("while a vehicle with a credit passes: one movement, whether it is seen again or not", () => {
    for (const stillThere of [true, false]) {
      const bench = entry();
      arrive(bench, "BAB1234");
      bench.wait(1_000);
      bench.set({ safety: true, arming: false });
      bench.lose();
      if (!stillThere) bench.set({ closing: true, safety: false });
      bench.see();
      bench.set({ closing: true });
      bench.set({ safety: false });
      bench.set({ closing: false });
      settleDown(bench);
      expect(statuses(bench)).toEqual(["open"]);
      expect(bench.book.inside()).toBe(1);
    }
  });

  it("of a board without counters, when the vehicle had already reached the closing loop: it is in", () => {
    const bench = entry({ counts: false });
    arrive(bench, "BAB1234");
    bench.wait(1_000);
    bench.set({ safety: true, arming: false });
    bench.set({ closing: true });
    bench.lose();
    bench.set({ safety: false, closing: false });
    bench.see();
    expect(kinds(bench)).toEqual(["normal"]);
    expect(statuses(bench)).toEqual(["open"]);
  });

  it("while a vehicle without a credit passes: one movement, whether it is seen again or not", () => {
    for (const stillThere of [true, false]) {
      const bench = entry();
      passNormally(bench, "BAB1234");
      bench.set({ closed_limit: false });
      bench.set({ safety: true });
      expect(bench.lane().state).toBe("PASSING");
      bench.lose();
      if (!stillThere) bench.set({ closing: true, safety: false });
      bench.see();
      bench.set({ closing: true });
      bench.set({ safety: false });
      bench.set({ closing: false });
      bench.wait(4_000);
      expect(kinds(bench)).toEqual(["normal", "tailgate"]);
      expect(bench.book.inside()).toBe(2);
    }
  });

  it("while the lane clears: the passage that was over is recorded", () => {
    const bench = entry();
    arrive(bench, "BAB1234");
    bench.wait(1_000);
    driveThrough(bench);
    bench.lose();
    expect(statuses(bench)).toEqual(["open"]);
    bench.see();
    expect(kinds(bench)).toEqual(["normal"]);
  });

  it("while closing: whoever stands there then is not closed upon by us", () => {
    const bench = entry();
    arrive(bench, "BAB1234");
    bench.wait(1_000);
    driveThrough(bench);
    bench.wait(1_200);
    bench.lose();
    bench.see();
    bench.wait(60_000);
    expect(actions(bench)).toEqual(["open", "close"]);
  });
});

describe("a restart with a credit in doubt", () => {
  it("that the counts prove to have passed: inferred, counted once", () => {
    const bench = entry();
    arrive(bench, "BAB1234");
    bench.wait(1_000);
    bench.restart();
    bench.set({ safety: true, arming: false });
    bench.set({ closing: true });
    bench.set({ safety: false });
    bench.set({ closing: false });
    bench.see();
    expect(kinds(bench)).toEqual(["inferred"]);
    expect(statuses(bench)).toEqual(["open"]);
    expect(creditOf(bench.lane())).toBeNull();
  });

  it("that the counts prove not to have passed, arm closed: void", () => {
    const bench = entry({ armObeys: false });
    arrive(bench, "BAB1234");
    bench.restart();
    bench.set({ arming: false });
    bench.see();
    expect(bench.lane().state).toBe("IDLE");
    expect(statuses(bench)).toEqual(["void"]);
    expect(creditOf(bench.lane())).toBeNull();
  });

  it("that has not passed yet, arm open: kept until it passes, or until a person closes the lane", () => {
    for (const passes of [true, false]) {
      const bench = entry();
      arrive(bench, "BAB1234");
      bench.wait(1_000);
      bench.restart();
      bench.see();
      expect(statuses(bench)).toEqual(["provisional"]);
      if (passes) driveThrough(bench);
      else {
        bench.set({ arming: false });
        bench.reset();
      }
      settleDown(bench);
      expect(bench.lane().state).toBe("IDLE");
      expect(statuses(bench)).toEqual([passes ? "open" : "void"]);
      expect(bench.book.stays.size).toBe(1);
      expect(creditOf(bench.lane())).toBeNull();
    }
  });

  it("of another boot of the board: kept for review, and taken up when the plate is seen again", () => {
    const bench = entry({ armObeys: false });
    arrive(bench, "BAB1234");
    bench.restart();
    bench.reboot();
    bench.see();
    expect([...bench.book.stays.values()]).toMatchObject([
      { status: "provisional", review: "passage_unproven" },
    ]);
    expect(bench.lane().state).toBe("IDLE");
    bench.wait(300);
    bench.read("BAB1234");
    expect(bench.lane().state).toBe("OPENING");
    expect(bench.book.stays.size).toBe(1);
  });

  it("never opens by itself, and never moves an open arm without an operator or a vehicle", () => {
    const bench = entry();
    arrive(bench, "BAB1234");
    bench.wait(1_000);
    bench.set({ arming: false });
    bench.restart();
    bench.see();
    bench.wait(3_600_000);
    expect(bench.lane().state).toBe("UNKNOWN");
    expect(actions(bench)).toEqual(["open"]);
    expect(bench.reset().ok).toBe(true);
    bench.wait(999);
    expect(actions(bench)).toEqual(["open"]);
    bench.wait(1);
    expect(actions(bench)).toEqual(["open", "close"]);
  });

  it("does not reset while its inputs are unknown", () => {
    const bench = createBench({ direction: "entry" });
    expect(bench.reset()).toMatchObject({ ok: false, code: "inputs_unknown" });
  });
});
