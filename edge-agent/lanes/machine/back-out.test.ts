import { describe, expect, it } from "vitest";
import { actions, entry, plates, statuses } from "../testing/entry.ts";
import { arrive, driveThrough, openFor, passNormally, settleDown } from "../testing/vehicle.ts";

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

  it("edge case 2: after the grant: its stay is void, nothing is counted, and the arm closes", () => {
    const bench = entry();
    passNormally(bench, "HHCD77");
    openFor(bench, "BAB1234");
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
    openFor(bench, "BAB1234");
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
    openFor(bench, "BAB1234");
    bench.set({ safety: true });
    bench.wait(2_000);
    bench.set({ safety: false });
    expect(statuses(bench)).toEqual(["void"]);
    bench.set({ arming: false });
    bench.wait(10_000);
    expect(bench.lane().state).toBe("IDLE");
    expect(bench.book.inside()).toBe(0);
  });

  it("edge case 5: that only left the arming loop slowly is not closed upon, and comes in under its own plate", () => {
    const bench = entry();
    openFor(bench, "BAB1234");
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
