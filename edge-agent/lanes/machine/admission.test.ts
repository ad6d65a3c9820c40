import { describe, expect, it } from "vitest";
import type { Credential } from "@parkme/shared/domain/credential";
import { actions, alarms, entry, kinds, plates, statuses } from "../testing/entry.ts";
import { exit, HOUR_MS, orders, owing } from "../testing/exit.ts";
import type { Bench, BenchOptions } from "../testing/lane-bench.ts";
import { arrive, driveThrough, openFor, passNormally, settleDown } from "../testing/vehicle.ts";
import type { Right } from "./model.ts";

const CARD: Credential = { kind: "card", text: "CARD-1" };
const OTHER: Credential = { kind: "card", text: "CARD-2" };
const PERMIT: Right = { kind: "permit", id: "p-1", refused: null, room: true };
const RESERVED: Right = { kind: "reservation", id: "r-1", refused: null, room: true };

const withRights = (...rights: readonly (readonly [string, Right])[]): BenchOptions => ({
  site: { rights: new Map(rights) },
});
const questions = (bench: Bench): number =>
  bench.beats.filter(({ after, event }) => after.state === "DECIDING" && event.kind !== "facts").length;

describe("a card", () => {
  it("shown at the arm opens, and its stay is begun with it", () => {
    const bench = entry(withRights(["CARD-1", PERMIT]));
    arrive(bench, null);
    bench.show(CARD);
    expect(bench.lane().state).toBe("OPENING");
    expect(orders(bench)).toEqual(["granted"]);
    expect(bench.records("stay_started")).toMatchObject([
      { credential: CARD, stay: { plate: null, right: { kind: "permit", id: "p-1" } } },
    ]);
  });

  it("shown while nobody is at the arm, or while the arm is up for another, is dropped", () => {
    const bench = entry(withRights(["CARD-1", PERMIT]));
    bench.show(CARD);
    expect(bench.lane().state).toBe("IDLE");
    openFor(bench, "BAB1234");
    bench.show(CARD);
    driveThrough(bench);
    bench.set({ arming: true });
    bench.show(CARD);
    settleDown(bench);
    expect(bench.lane().state).toBe("ARMED");
    expect(plates(bench)).toEqual(["BAB1234"]);
  });

  it("edge case 49: shown ten times, or two of them within a second, is one question", () => {
    const bench = entry();
    arrive(bench, null);
    for (let i = 0; i < 10; i++) bench.show(CARD);
    bench.show(OTHER);
    expect(questions(bench)).toBe(1);
    expect(orders(bench)).toEqual(["denied"]);
    bench.wait(1_000);
    bench.show(OTHER);
    expect(questions(bench)).toBe(2);
    expect(orders(bench)).toEqual(["denied", "denied"]);
  });

  it("that nobody knows is denied, and the plate may still open", () => {
    const bench = entry();
    arrive(bench, null);
    bench.show(CARD);
    expect(bench.lane()).toMatchObject({ state: "DENIED", display: "Not known. Please call the attendant" });
    bench.read("BAB1234");
    expect(bench.lane().state).toBe("OPENING");
    const read = entry();
    read.set({ arming: true });
    read.wait(300);
    read.read("BAB1234", { confidence: 0.6 });
    read.show(CARD);
    expect(read.lane().state).toBe("DENIED");
    read.wait(5_000);
    expect(read.lane().credit?.plate, "the plate that was read all the while").toBe("BAB1234");
  });

  it("that nobody knows is asked about again without another signal", () => {
    const bench = entry();
    arrive(bench, null);
    bench.show(CARD);
    bench.wait(20_000);
    expect(questions(bench)).toBe(5);
    expect(orders(bench)).toEqual(["denied"]);
  });

  it("shown by one who drives away is not asked about", () => {
    const bench = entry(withRights(["CARD-1", PERMIT]));
    arrive(bench, null);
    bench.set({ arming: false });
    bench.show(CARD);
    expect(questions(bench)).toBe(0);
  });

  it("in hand when an attendant lets the vehicle in finds the stay again", () => {
    const bench = entry();
    arrive(bench, null);
    bench.show(CARD);
    bench.vend();
    expect(bench.records("stay_started")).toMatchObject([{ credential: CARD }]);
  });
});

describe("a right", () => {
  it("edge case 33: lets a permit holder in when the place is full, if its own quota has room", () => {
    const bench = entry({
      ...withRights(["BAB1234", PERMIT], ["HHCD77", { ...PERMIT, room: false }]),
      capacity: 0,
    });
    arrive(bench, "BAB1234");
    expect(bench.lane().state).toBe("OPENING");
    const full = entry({ ...withRights(["HHCD77", { ...PERMIT, room: false }]), capacity: 0 });
    arrive(full, "HHCD77");
    expect(full.lane()).toMatchObject({ state: "DENIED", display: "Full. Please turn round" });
  });

  it("edge case 34: that is refused here and now lets its owner in like anybody", () => {
    const taken = { ...PERMIT, refused: "All its spaces are taken" };
    const bench = entry(withRights(["BAB1234", taken], ["CARD-1", taken]));
    arrive(bench, "BAB1234");
    expect(bench.lane().state).toBe("OPENING");
    expect(bench.records("stay_started")).toMatchObject([{ stay: { right: null } }]);
    const carded = entry({ ...withRights(["CARD-1", taken]), lane: { ticket: "no_plate" } });
    arrive(carded, null);
    carded.show(CARD);
    expect(carded.lane().state, "without a plate it needs a ticket").toBe("PRINTING");
    const nameless = entry(withRights(["CARD-1", taken]));
    arrive(nameless, null);
    nameless.show(CARD);
    expect(nameless.lane()).toMatchObject({ state: "DENIED", display: "All its spaces are taken" });
  });

  it("edge case 34: that is refused does not open a lane for rights only", () => {
    const taken = { ...PERMIT, refused: "All its spaces are taken" };
    const bench = entry(withRights(["BAB1234", taken]));
    bench.mode("closed");
    arrive(bench, "BAB1234");
    expect(bench.lane()).toMatchObject({ state: "DENIED", display: "All its spaces are taken" });
  });

  it("edge case 37: of a reservation is let in when the lane is full for others", () => {
    const bench = entry(withRights(["CARD-1", RESERVED]));
    bench.mode("full");
    arrive(bench, null);
    bench.show(CARD);
    expect(bench.lane().state).toBe("OPENING");
    const drivein = entry();
    drivein.mode("full");
    arrive(drivein, "BAB1234");
    expect(drivein.lane()).toMatchObject({ state: "DENIED", display: "Full. Please turn round" });
  });
});

describe("edge case 12: a plate that is inside already", () => {
  const inside = (passback: "hard" | "soft" | "neutral", neutral = false): Bench => {
    const bench = entry({ policy: { passback }, site: { neutral } });
    bench.parked("BAB1234", 24 * HOUR_MS);
    arrive(bench, "BAB1234");
    return bench;
  };
  const reviews = (bench: Bench): unknown[] => [...bench.book.stays.values()].map(({ review }) => review);

  it("is denied where the site is strict, until anti-passback is reset", () => {
    const bench = inside("hard");
    expect(bench.lane()).toMatchObject({
      state: "DENIED",
      display: "Already inside. Please call the attendant",
    });
    bench.site.neutral = true;
    bench.wait(5_000);
    expect(bench.lane().state).toBe("OPENING");
  });

  it("is let in and flagged where it is not: the older stay as a missed exit, the new one as passback", () => {
    const bench = inside("soft");
    bench.wait(1_000);
    driveThrough(bench);
    settleDown(bench);
    expect(reviews(bench)).toEqual(["missed_exit", "passback"]);
    expect(bench.records("movement")).toMatchObject([{ review: "passback", kind: "normal" }]);
  });

  it("is let in without a flag of its own where nobody cares, or after a reset", () => {
    for (const bench of [inside("neutral"), inside("soft", true)]) {
      bench.wait(1_000);
      driveThrough(bench);
      settleDown(bench);
      expect(reviews(bench)).toEqual(["missed_exit", null]);
    }
  });

  it("keeps its flag when the board counted the passage that nobody saw", () => {
    const bench = inside("soft");
    bench.wait(1_000);
    bench.lose();
    bench.set({ safety: true, arming: false });
    bench.set({ closing: true });
    bench.set({ safety: false, closing: false });
    bench.see();
    expect(bench.records("movement")).toMatchObject([{ kind: "inferred", review: "passback" }]);
  });
});

describe("a plate on a list", () => {
  const listed = (kind: "blocked" | "watched", more: BenchOptions = {}): Bench =>
    entry({ ...more, site: { listed: new Map([["BAB1234", kind]]) } });

  it("edge case 40: that is blocked is denied, with one alarm however long it stands there", () => {
    const bench = listed("blocked");
    arrive(bench, "BAB1234");
    bench.wait(60_000);
    expect(bench.lane()).toMatchObject({ state: "DENIED", display: "Please call the attendant" });
    expect(alarms(bench)).toEqual(["blocked"]);
    expect(actions(bench)).toEqual([]);
    bench.set({ arming: false });
    bench.wait(2_000);
    arrive(bench, "BAB1234");
    expect(alarms(bench), "the next time is another").toEqual(["blocked", "blocked"]);
  });

  it("edge case 40: never traps a driver inside: an exit asks no list", () => {
    const bench = exit({ site: { listed: new Map([["BAB1234", "blocked"]]) } });
    bench.parked("BAB1234", 60_000);
    arrive(bench, "BAB1234");
    expect(bench.lane().state).toBe("OPENING");
    expect(alarms(bench)).toEqual([]);
  });

  it("edge case 41: that is watched raises an alarm and goes on; the driver hears nothing of it", () => {
    const bench = listed("watched");
    arrive(bench, "BAB1234");
    expect(bench.lane()).toMatchObject({ state: "OPENING", display: "Welcome" });
    expect(alarms(bench)).toEqual(["watched"]);
    const full = listed("watched", { capacity: 0 });
    arrive(full, "BAB1234");
    full.wait(30_000);
    expect(full.lane().display).toBe("Full. Please turn round");
    expect(alarms(full)).toEqual(["watched"]);
  });
});

describe("an exit by what is shown", () => {
  it("edge case 15: a ticket's number, read or keyed in, finds its stay", () => {
    const bench = exit();
    const stay = bench.parked(null, 60_000);
    arrive(bench, null);
    bench.show({ kind: "ticket", text: stay.ticketNumber });
    expect(bench.lane()).toMatchObject({ state: "OPENING", credit: { stay: { stayId: stay.stayId } } });
    bench.wait(1_000);
    driveThrough(bench);
    settleDown(bench);
    expect(bench.book.stays.get(stay.stayId)?.status).toBe("closed");
  });

  it("a plate that differs from the stay's is no reason to refuse the ticket", () => {
    const bench = exit();
    const stay = bench.parked("HHCD77", 60_000);
    arrive(bench, null);
    bench.read("MXY999", { confidence: 0.6 });
    bench.show({ kind: "ticket", text: stay.ticketNumber });
    expect(bench.lane()).toMatchObject({ state: "OPENING", credit: { plate: "MXY999" } });
  });

  it("a ticket nobody knows is told so, and the plate may still open", () => {
    const bench = exit();
    const stay = bench.parked("BAB1234", 60_000);
    arrive(bench, null);
    bench.show({ kind: "ticket", text: "PKM-00000000" });
    expect(bench.lane().display).toBe("No stay found for PKM-00000000. Please call the attendant");
    bench.read("BAB1234");
    expect(bench.lane().credit?.stay?.stayId).toBe(stay.stayId);
  });

  it("edge case 14: a lost ticket is no matter where the plate proves the stay", () => {
    const { bench, stay } = owing();
    expect(bench.lane()).toMatchObject({ state: "PAYING", stay: { stayId: stay.stayId } });
  });

  it("a permit shown instead of paying decides anew", () => {
    const { bench } = owing();
    const own = bench.parked(null, HOUR_MS, { right: { kind: "permit", id: "p-1" }, credential: CARD });
    bench.wait(2_000);
    bench.show(CARD);
    expect(bench.lane()).toMatchObject({ state: "OPENING", credit: { stay: { stayId: own.stayId } } });
  });
});

it("a vehicle that was admitted before a restart and stands there still is let in, whatever has changed", () => {
  const bench = entry({ armObeys: false, counts: false, policy: { passback: "hard" } });
  arrive(bench, "BAB1234");
  bench.wait(4_500);
  bench.site.capacity = 0;
  bench.reset();
  bench.wait(300);
  expect(bench.lane().state).toBe("OPENING");
  expect(statuses(bench)).toEqual(["provisional"]);
  expect(kinds(bench)).toEqual([]);
  passNormally(bench, "HHCD77");
});
