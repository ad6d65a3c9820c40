import { describe, expect, it } from "vitest";
import type { TicketStep } from "@parkme/shared/domain/stay";
import { actions, entry, kinds, plates, statuses } from "../testing/entry.ts";
import { orders } from "../testing/exit.ts";
import type { Bench, BenchOptions } from "../testing/lane-bench.ts";
import { arrive, driveThrough, settleDown } from "../testing/vehicle.ts";

/** Where every vehicle is given a ticket, and the printer does what the test says. */
function ticketed(options: BenchOptions = {}): Bench {
  return entry({ ...options, lane: { ticket: "always", ...options.lane } });
}

/** Where a ticket is for who has no plate that was read. */
function ticketForUnread(options: BenchOptions = {}): Bench {
  return ticketed({ ...options, lane: { ticket: "no_plate" } });
}

function printed(bench: Bench, held = true): void {
  const { ticket } = bench.lane();
  if (ticket === null) throw new Error("no ticket is on its way");
  bench.tell({ kind: "printed", jobId: ticket.jobId, held });
}

function taken(bench: Bench): void {
  const { ticket } = bench.lane();
  if (ticket === null) throw new Error("no ticket is on its way");
  bench.tell({ kind: "taken", jobId: ticket.jobId });
}

function fails(bench: Bench, mayBeOut = false): void {
  const { ticket } = bench.lane();
  if (ticket === null) throw new Error("no ticket is on its way");
  bench.tell({ kind: "print_failed", jobId: ticket.jobId, reason: "no paper", mayBeOut });
}

const steps = (bench: Bench): TicketStep[] => bench.records("ticket").map(({ step }) => step);

/** The vehicle drives in under the arm that has been opened for it. */
function drivesIn(bench: Bench): void {
  bench.wait(1_000);
  driveThrough(bench);
  settleDown(bench);
}

describe("a ticket", () => {
  it("is printed, taken, and then the arm opens", () => {
    const bench = ticketed();
    arrive(bench, "BAB1234");
    expect(bench.lane()).toMatchObject({ state: "PRINTING", display: "Printing your ticket" });
    expect(bench.orders()).toMatchObject([{ kind: "print", stay: { plate: "BAB1234" } }]);
    expect(actions(bench)).toEqual([]);
    printed(bench);
    expect(bench.lane()).toMatchObject({ state: "WAIT_TAKE", display: "Please take your ticket" });
    bench.wait(10_000);
    expect(actions(bench)).toEqual([]);
    taken(bench);
    drivesIn(bench);
    expect(statuses(bench)).toEqual(["open"]);
    expect(kinds(bench)).toEqual(["normal"]);
    expect(steps(bench)).toEqual(["begun", "printed", "taken"]);
  });

  it("opens at once where the printer does not hold the paper, or says taken before printed", () => {
    const drops = ticketed();
    arrive(drops, "BAB1234");
    printed(drops, false);
    expect(drops.lane().state).toBe("OPENING");
    const hasty = ticketed();
    arrive(hasty, "BAB1234");
    taken(hasty);
    expect(hasty.lane().state).toBe("OPENING");
  });

  it("is not for who has a permit", () => {
    const right = { kind: "permit", id: "p", refused: null, room: true } as const;
    const bench = ticketed({ site: { rights: new Map([["BAB1234", right]]) } });
    arrive(bench, "BAB1234");
    expect(bench.lane().state).toBe("OPENING");
    expect(bench.records("stay_started")).toMatchObject([{ stay: { right: { kind: "permit", id: "p" } } }]);
  });

  it("edge case 1: taken by one who then backs out is void; nothing is counted, and the arm closes", () => {
    const bench = ticketed({ counts: true });
    arrive(bench, "BAB1234");
    printed(bench);
    taken(bench);
    bench.wait(1_000);
    bench.set({ arming: false });
    bench.wait(1_500);
    expect(bench.records("stay_voided")).toMatchObject([{ reason: "backed out" }]);
    bench.reset();
    settleDown(bench);
    expect(bench.lane().state).toBe("IDLE");
    expect(bench.book.inside()).toBe(0);
    expect(actions(bench)).toEqual(["open", "close"]);
  });

  it("edge case 17: printed but not taken is taken back, its stay is void, and the arm stays down", () => {
    const bench = ticketed();
    arrive(bench, "BAB1234");
    printed(bench);
    bench.wait(20_000);
    expect(bench.lane()).toMatchObject({ state: "ARMED", display: "Press the button for a ticket" });
    expect(orders(bench)).toEqual(["print", "retract"]);
    expect(statuses(bench)).toEqual(["void"]);
    expect(steps(bench)).toEqual(["begun", "printed", "retracted"]);
    bench.wait(120_000);
    expect(actions(bench)).toEqual([]);
    expect(orders(bench), "nothing is printed by itself").toEqual(["print", "retract"]);
    bench.press();
    expect(bench.lane().state).toBe("PRINTING");
    expect(plates(bench)).toEqual(["BAB1234", "BAB1234"]);
  });

  it("row 13: of a vehicle that turns away is taken back, before and after it is printed", () => {
    for (const first of [() => undefined, printed]) {
      const bench = ticketed();
      arrive(bench, "BAB1234");
      first(bench);
      bench.set({ arming: false });
      bench.wait(1_500);
      expect(bench.lane().state).toBe("IDLE");
      expect(orders(bench)).toEqual(["print", "retract"]);
      expect(statuses(bench)).toEqual(["void"]);
    }
  });

  it("of a vehicle that creeps up under the arm, off the arming loop, is not taken back", () => {
    const bench = ticketed();
    arrive(bench, "BAB1234");
    bench.set({ safety: true, arming: false });
    bench.wait(10_000);
    expect(bench.lane().state).toBe("PRINTING");
  });

  it("is in doubt with its stay when the lane loses sight: void when nobody passed", () => {
    const bench = ticketed();
    arrive(bench, "BAB1234");
    printed(bench);
    bench.lose();
    expect(orders(bench)).toEqual(["print", "retract"]);
    bench.see();
    expect(statuses(bench)).toEqual(["void"]);
    bench.wait(300);
    expect(bench.lane().state).toBe("PRINTING");
  });

  it("edge case 29: outlives a power cut as a stay that is void when nobody passed", () => {
    const bench = ticketed();
    arrive(bench, "BAB1234");
    bench.restart();
    bench.set({ arming: false });
    bench.see();
    expect(statuses(bench)).toEqual(["void"]);
    expect(actions(bench)).toEqual([]);
  });

  it("on its way is no reason for an attendant to wait: the vehicle is let in under the same stay", () => {
    const bench = ticketed();
    arrive(bench, null);
    bench.press();
    expect(bench.vend().ok).toBe(true);
    drivesIn(bench);
    expect(statuses(bench)).toEqual(["open"]);
    expect(kinds(bench)).toEqual(["vend"]);
  });
});

describe("edge case 10: a vehicle without a plate", () => {
  it("is asked to press the button, and comes in by its ticket", () => {
    const bench = ticketForUnread();
    arrive(bench, null);
    bench.wait(2_500);
    expect(bench.lane().display).toBe("Press the button for a ticket");
    bench.press();
    expect(bench.lane().state).toBe("PRINTING");
    printed(bench);
    taken(bench);
    drivesIn(bench);
    expect(plates(bench)).toEqual([null]);
    expect(statuses(bench)).toEqual(["open"]);
  });

  it("may press before it is asked to; one with a plate gets no ticket", () => {
    const bench = ticketForUnread();
    arrive(bench, null);
    bench.press();
    expect(bench.lane().state).toBe("PRINTING");
    const read = ticketForUnread();
    arrive(read, "BAB1234");
    expect(read.lane().state).toBe("OPENING");
  });

  it("where there is no printer waits for the attendant, whatever it presses", () => {
    const bench = entry();
    arrive(bench, null);
    bench.wait(2_500);
    bench.press();
    expect(bench.lane()).toMatchObject({
      state: "ARMED",
      display: "Plate not read. Please wait for the attendant",
    });
  });

  it("is told when it is full, and gets its ticket when there is room", () => {
    const bench = ticketForUnread({ capacity: 0 });
    arrive(bench, null);
    bench.press();
    expect(bench.lane()).toMatchObject({ state: "DENIED", display: "Full. Please turn round" });
    bench.site.capacity = 1;
    bench.wait(5_000);
    expect(bench.lane().state).toBe("PRINTING");
  });
});

describe("edge case 49: the button", () => {
  it("mashed is one ticket", () => {
    const bench = ticketForUnread();
    arrive(bench, null);
    for (let i = 0; i < 10; i++) bench.press();
    expect(orders(bench)).toEqual(["print"]);
    expect(plates(bench)).toEqual([null]);
  });

  it("mashed at a lane that is full is one question", () => {
    const bench = ticketForUnread({ capacity: 0 });
    arrive(bench, null);
    for (let i = 0; i < 10; i++) bench.press();
    expect(bench.beats.filter(({ after }) => after.state === "DECIDING")).toHaveLength(1);
    bench.wait(1_000);
    bench.press();
    expect(bench.beats.filter(({ after }) => after.state === "DECIDING")).toHaveLength(2);
  });

  it("pressed while nobody is there, or by one who drives away, is nothing", () => {
    const bench = ticketForUnread();
    bench.press();
    expect(bench.lane().state).toBe("IDLE");
    arrive(bench, null);
    bench.set({ arming: false });
    bench.press();
    bench.wait(5_000);
    expect(orders(bench)).toEqual([]);
  });
});

describe("edge case 16: a printer that fails", () => {
  it("lets a vehicle in by its plate alone where the site says so", () => {
    const bench = ticketed({ policy: { printerFailure: "admit" } });
    arrive(bench, "BAB1234");
    fails(bench, true);
    expect(bench.lane().state).toBe("OPENING");
    drivesIn(bench);
    expect(statuses(bench)).toEqual(["open"]);
    expect(steps(bench)).toEqual(["begun", "failed"]);
  });

  it("never lets a vehicle in silently that has neither plate nor ticket", () => {
    const bench = ticketed({ policy: { printerFailure: "admit" } });
    arrive(bench, null);
    bench.press();
    fails(bench);
    expect(bench.lane()).toMatchObject({ state: "DENIED", display: "No ticket. Please call the attendant" });
    expect(statuses(bench)).toEqual(["void"]);
  });

  it("never prints the same number twice: the next try is another stay", () => {
    const bench = ticketed();
    arrive(bench, "BAB1234");
    fails(bench, true);
    expect(orders(bench)).toEqual(["print", "retract"]);
    bench.wait(30_000);
    expect(bench.lane().state).toBe("PRINTING");
    const numbers = bench
      .orders()
      .flatMap((order) => (order.kind === "print" ? [order.stay.ticketNumber] : []));
    expect(new Set(numbers).size).toBe(2);
    expect(statuses(bench)).toEqual(["void", "provisional"]);
  });

  it("that says nothing for too long counts as one that failed", () => {
    const bench = ticketed();
    arrive(bench, "BAB1234");
    bench.wait(20_000);
    expect(bench.lane().state).toBe("DENIED");
    expect(steps(bench)).toEqual(["begun", "failed"]);
  });

  it("and is known to be out of order is not asked, and begins nothing", () => {
    for (const printerFailure of ["admit", "deny"] as const) {
      const bench = ticketed({ policy: { printerFailure } });
      bench.device("printer", false);
      arrive(bench, "BAB1234");
      expect(bench.lane().state).toBe(printerFailure === "admit" ? "OPENING" : "DENIED");
      expect(orders(bench)).toEqual([]);
      expect(statuses(bench)).toEqual(printerFailure === "admit" ? ["provisional"] : []);
    }
  });

  it("works again: who waits gets a ticket with the next question", () => {
    const bench = ticketed();
    bench.device("printer", false);
    arrive(bench, "BAB1234");
    bench.device("printer", true);
    bench.wait(5_000);
    expect(bench.lane().state).toBe("PRINTING");
  });

  it("answers late, for a ticket that is not waited for any more: nothing comes of it", () => {
    const bench = ticketed();
    arrive(bench, "BAB1234");
    const { ticket } = bench.lane();
    bench.wait(20_000);
    const before = bench.lane();
    for (const event of [
      { kind: "printed", held: false },
      { kind: "taken" },
      { kind: "print_failed", reason: "late", mayBeOut: true },
    ] as const)
      bench.tell({ ...event, jobId: ticket!.jobId });
    expect(bench.lane()).toBe(before);
    bench.press();
    bench.wait(1_000);
    bench.press();
    expect(bench.lane().state).toBe("PRINTING");
    bench.tell({ kind: "printed", jobId: ticket!.jobId, held: false });
    expect(bench.lane().state).toBe("PRINTING");
  });
});
