import { describe, expect, it } from "vitest";
import { actions, alarms, entry, kinds, statuses } from "../testing/entry.ts";
import { exit, HOUR_MS, owing, owingByCard } from "../testing/exit.ts";
import { arrive, driveThrough, openFor, passNormally, settleDown } from "../testing/vehicle.ts";
import type { Right } from "./model.ts";

const PERMIT: Right = { kind: "permit", id: "p-1", refused: null, room: true };
const RESERVED: Right = { kind: "reservation", id: "r-1", refused: null, room: true };
const RIGHTS = {
  site: {
    rights: new Map([
      ["PER111", PERMIT],
      ["RES111", RESERVED],
    ]),
  },
};

describe("an entry", () => {
  it.each([
    ["open", { PER111: "OPENING", RES111: "OPENING", BAB1234: "OPENING" }],
    ["full", { PER111: "OPENING", RES111: "OPENING", BAB1234: "DENIED" }],
    ["closed", { PER111: "OPENING", RES111: "DENIED", BAB1234: "DENIED" }],
    ["closed_to_all", { PER111: "DENIED", RES111: "DENIED", BAB1234: "DENIED" }],
  ] as const)("in the mode %s lets in who it should", (mode, expected) => {
    for (const [plate, state] of Object.entries(expected)) {
      const bench = entry(RIGHTS);
      bench.mode(mode);
      arrive(bench, plate);
      expect([plate, bench.lane().state]).toEqual([plate, state]);
    }
  });

  it("whose mode changes while a vehicle waits asks again", () => {
    const bench = entry();
    bench.mode("closed");
    arrive(bench, "BAB1234");
    expect(bench.lane()).toMatchObject({ state: "DENIED", display: "Closed. Please turn round" });
    bench.mode("open");
    bench.wait(5_000);
    expect(bench.lane().state).toBe("OPENING");
  });

  it("that is told the mode it is in does nothing", () => {
    const bench = entry();
    const before = bench.lane();
    bench.mode("open");
    expect(bench.lane()).toBe(before);
  });
});

describe("an exit", () => {
  it("that is closed sends drivers to another lane; an attendant may let them out all the same", () => {
    for (const mode of ["closed", "closed_to_all"] as const) {
      const bench = exit();
      bench.mode(mode);
      bench.parked("BAB1234", 60_000);
      arrive(bench, "BAB1234");
      expect(bench.lane()).toMatchObject({
        state: "DENIED",
        display: "Lane closed. Please use another lane",
      });
      expect(bench.vend().ok).toBe(true);
    }
  });

  it("heeds no mode that is about room", () => {
    const bench = exit();
    bench.mode("full");
    bench.parked("BAB1234", 60_000);
    arrive(bench, "BAB1234");
    expect(bench.lane().state).toBe("OPENING");
  });
});

describe("edge case 39: a lane that is held open for an event", () => {
  it("opens at once at rest, counts whoever crosses, and closes when the event is over", () => {
    const bench = entry();
    passNormally(bench, "PRV111");
    bench.mode("held_open");
    expect(bench.lane()).toMatchObject({ state: "HELD_OPEN", heldBy: "mode" });
    bench.wait(1_000);
    for (let i = 0; i < 3; i++) {
      driveThrough(bench);
      bench.wait(5_000);
    }
    expect(kinds(bench)).toEqual(["normal", "free", "free", "free"]);
    expect(bench.reset()).toMatchObject({ ok: false, code: "mode_holds" });
    bench.mode("open");
    settleDown(bench);
    expect(bench.lane().state).toBe("IDLE");
    expect(actions(bench)).toEqual(["open", "close", "open", "close"]);
    expect(bench.records("hold").map(({ on, cause }) => [on, cause])).toEqual([
      [true, "mode"],
      [false, "mode"],
    ]);
  });

  it("lets a passage under way end first, and does not close behind it", () => {
    const bench = entry();
    openFor(bench, "BAB1234");
    bench.mode("held_open");
    expect(bench.lane().state).toBe("OPEN");
    driveThrough(bench);
    bench.wait(1_000);
    expect(bench.lane()).toMatchObject({ state: "HELD_OPEN", heldBy: "mode" });
    expect(kinds(bench)).toEqual(["normal"]);
    expect(actions(bench)).toEqual(["open", "open"]);
  });

  it("opens again for an arm that was coming down already", () => {
    const bench = entry();
    openFor(bench, "BAB1234");
    driveThrough(bench);
    bench.wait(1_200);
    bench.mode("held_open");
    bench.wait(2_000);
    expect(bench.lane()).toMatchObject({ state: "HELD_OPEN", heldBy: "mode" });
  });

  it("lets whoever waits in or out, paid or not", () => {
    const armed = entry();
    arrive(armed, null);
    armed.mode("held_open");
    expect(armed.lane().state).toBe("HELD_OPEN");
    const denied = entry({ capacity: 0 });
    arrive(denied, "BAB1234");
    denied.mode("held_open");
    expect(denied.lane().state).toBe("HELD_OPEN");
    const { bench, stay } = owing();
    bench.mode("held_open");
    bench.wait(1_000);
    driveThrough(bench);
    expect(bench.records("movement")).toMatchObject([{ kind: "free", stayId: stay.stayId }]);
  });

  it("does not break off a card payment: the arm is held open when that is settled", () => {
    for (const outcome of ["refused", "declined"] as const) {
      const { bench } = owingByCard();
      bench.mode("held_open");
      expect(bench.lane().state).toBe("PAYING");
      bench.terminal({ kind: outcome, reason: "no" });
      bench.wait(5_000);
      expect(bench.lane()).toMatchObject({ state: "HELD_OPEN", heldBy: "mode" });
    }
  });

  it("lets in who was to wait for a ticket that could not be printed", () => {
    const bench = entry({ lane: { ticket: "always" } });
    arrive(bench, "BAB1234");
    bench.mode("held_open");
    expect(bench.lane().state).toBe("PRINTING");
    const { ticket } = bench.lane();
    bench.tell({ kind: "print_failed", jobId: ticket!.jobId, reason: "jam", mayBeOut: false });
    bench.wait(30_000);
    expect(bench.lane()).toMatchObject({ state: "HELD_OPEN", heldBy: "mode" });
  });

  it("does not open by itself after a start; it does for the first vehicle, or when it is told the mode", () => {
    const bench = entry();
    bench.mode("held_open");
    bench.wait(1_000);
    bench.set({ open_limit: false, closed_limit: true });
    bench.setArm(false);
    bench.restart();
    const before = bench.commands().length;
    bench.see();
    bench.wait(HOUR_MS);
    expect(bench.lane()).toMatchObject({ state: "IDLE", mode: "held_open" });
    expect(bench.commands()).toHaveLength(before);
    arrive(bench, null);
    expect(bench.lane().state).toBe("HELD_OPEN");
  });

  it("is held on after a fire or an attendant's hold is over", () => {
    const bench = entry();
    bench.mode("held_open");
    bench.set({ fire: true });
    bench.set({ fire: false });
    bench.reset();
    expect(bench.lane()).toMatchObject({ state: "HELD_OPEN", heldBy: "mode", alarms: [] });
    bench.hold();
    bench.mode("open");
    expect(bench.lane(), "the attendant holds it still").toMatchObject({ heldBy: "operator" });
  });

  it("closes over nobody who stands there when the event is over", () => {
    const bench = entry();
    passNormally(bench, "PRV111");
    bench.mode("held_open");
    bench.wait(1_000);
    bench.set({ closing: true });
    bench.mode("open");
    bench.wait(HOUR_MS);
    expect(bench.lane().state).toBe("CLEARING");
    bench.set({ closing: false });
    bench.wait(3_000);
    expect(bench.lane().state).toBe("IDLE");
    expect(alarms(bench)).toEqual([]);
    expect(statuses(bench)).toEqual(["open"]);
  });
});
