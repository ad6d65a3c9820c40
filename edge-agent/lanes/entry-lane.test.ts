import { describe, expect, it } from "vitest";
import type { StayId } from "@parkme/shared/domain/ids";
import { actions, alarms, entry, kinds, plates, statuses } from "./testing/entry.ts";
import {
  arrive,
  driveThrough,
  openFor,
  passNormally,
  passWithArmByHand,
  settleDown,
} from "./testing/vehicle.ts";

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

  it("begins stays of its own kind of vehicle, and of any kind where it has none", () => {
    const vehicle = { type: "motorcycle", ev: true, accessible: false };
    const own = entry({ lane: { vehicle } });
    arrive(own, "BAB1234");
    expect(own.records("stay_started")).toMatchObject([{ vehicle }]);
    const any = entry();
    arrive(any, "BAB1234");
    expect(any.records("stay_started")[0]).not.toHaveProperty("vehicle");
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
    openFor(bench, "BAB1234");
    driveThrough(bench);
    bench.set({ arming: true });
    bench.read("HHCD77");
    settleDown(bench);
    bench.wait(2_000);
    expect(plates(bench)).toEqual(["BAB1234", "HHCD77"]);
    expect(actions(bench)).toEqual(["open", "close", "open"]);
  });
});

describe("reads", () => {
  it("edge case 11: ten times the same one: one stay, one opening", () => {
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
    openFor(bench, "BAB1234");
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
      scope: "facility",
      zones: [],
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

  it("edge case 12: admits a plate that is inside already, and puts the older stay up for review", () => {
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
