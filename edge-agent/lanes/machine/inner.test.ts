import { describe, expect, it } from "vitest";
import { actions, entry, kinds, statuses } from "../testing/entry.ts";
import { exit, HOUR_MS } from "../testing/exit.ts";
import type { BenchOptions } from "../testing/lane-bench.ts";
import { arrive, driveBack, driveThrough, passNormally, settleDown } from "../testing/vehicle.ts";

/** Up to level 2, out of the rest of the house. */
const INNER: BenchOptions = {
  lane: {
    inner: true,
    zones: [
      { zone: "level-2", by: 1 },
      { zone: "level-1", by: -1 },
    ],
  },
};

describe("a lane into a zone of the facility", () => {
  it("moves the stay of who is inside: nothing begins, and the facility counts nobody", () => {
    const bench = entry(INNER);
    const stay = bench.parked("BAB1234", HOUR_MS);
    passNormally(bench, "BAB1234");
    expect(bench.records("movement")).toMatchObject([
      { direction: "in", scope: "zone", stayId: stay.stayId, kind: "normal", zones: INNER.lane?.zones },
    ]);
    expect(bench.records("stay_started")).toEqual([]);
    expect([bench.book.inside(), bench.book.inZone("level-2"), bench.book.inZone("level-1")]).toEqual([
      1, 1, -1,
    ]);
    expect(statuses(bench)).toEqual(["open"]);
  });

  it("denies who has no stay, and who finds it full", () => {
    const bench = entry(INNER);
    arrive(bench, "BAB1234");
    expect(bench.lane()).toMatchObject({
      state: "DENIED",
      display: "No stay found. Please call the attendant",
    });
    const full = entry({ ...INNER, site: { zoneCapacity: new Map([["level-2", 0]]) } });
    full.parked("BAB1234", HOUR_MS);
    arrive(full, "BAB1234");
    expect(full.lane()).toMatchObject({ state: "DENIED", display: "Full. Please turn round" });
  });

  it("finds the stay by its ticket", () => {
    const bench = entry(INNER);
    const stay = bench.parked(null, HOUR_MS);
    arrive(bench, null);
    bench.show({ kind: "ticket", text: stay.ticketNumber });
    expect(bench.lane()).toMatchObject({ state: "OPENING", credit: { stay: { stayId: stay.stayId } } });
  });

  it("prints no ticket, and voids nothing when the vehicle backs out", () => {
    const bench = entry({ lane: { ...INNER.lane, ticket: "always" } });
    bench.parked("BAB1234", HOUR_MS);
    arrive(bench, "BAB1234");
    bench.wait(1_000);
    bench.set({ arming: false });
    bench.wait(1_500);
    expect(bench.lane().state).toBe("CLEARING");
    expect(statuses(bench)).toEqual(["open"]);
    expect(bench.records("movement")).toEqual([]);
  });

  it("a tailgater is counted in the zones under its own stay, or under none", () => {
    const bench = entry(INNER);
    bench.parked("BAB1234", HOUR_MS);
    const second = bench.parked("HHCD77", HOUR_MS);
    arrive(bench, "BAB1234");
    bench.wait(1_000);
    driveThrough(bench);
    bench.set({ arming: true });
    bench.read("HHCD77");
    driveThrough(bench);
    bench.wait(100);
    driveThrough(bench);
    settleDown(bench);
    expect(kinds(bench)).toEqual(["normal", "tailgate", "tailgate"]);
    expect(
      bench
        .records("movement")
        .map(({ stayId }) => stayId)
        .slice(1),
    ).toEqual([second.stayId, null]);
    expect(bench.records("movement").every(({ review }) => review === null)).toBe(true);
    expect(bench.records("stay_started")).toEqual([]);
    expect(bench.book.inZone("level-2")).toBe(3);
  });

  it("an attendant lets through without beginning a stay", () => {
    const bench = entry(INNER);
    arrive(bench, null);
    bench.vend();
    bench.wait(1_000);
    driveThrough(bench);
    settleDown(bench);
    expect(bench.records("movement")).toMatchObject([{ kind: "vend", scope: "zone", stayId: null }]);
    expect(bench.book.stays.size).toBe(0);
  });

  it("whose passage nobody saw puts no stay up for review", () => {
    const bench = entry({ ...INNER, counts: false });
    bench.parked("BAB1234", HOUR_MS);
    arrive(bench, "BAB1234");
    bench.wait(1_000);
    bench.lose();
    bench.set({ arming: false });
    bench.see();
    expect(bench.records("stay_review")).toEqual([]);
    expect(bench.lane().unresolved).toBeNull();
  });
});

describe("a lane out of a zone of the facility", () => {
  it("is free, and the stay goes on", () => {
    const bench = exit(INNER);
    const stay = bench.parked("BAB1234", 5 * HOUR_MS);
    arrive(bench, "BAB1234");
    expect(bench.lane().state).toBe("OPENING");
    bench.wait(1_000);
    driveThrough(bench);
    settleDown(bench);
    expect(bench.records("movement")).toMatchObject([
      {
        direction: "out",
        scope: "zone",
        stayId: stay.stayId,
        quote: null,
        zones: [
          { zone: "level-2", by: -1 },
          { zone: "level-1", by: 1 },
        ],
      },
    ]);
    expect(statuses(bench)).toEqual(["open"]);
    expect(bench.book.inside()).toBe(1);
  });

  it("leaves who it does not know to the attendant", () => {
    const bench = exit(INNER);
    arrive(bench, "BAB1234");
    expect(bench.lane().state).toBe("DENIED");
    bench.parked("8AB1234", HOUR_MS);
    bench.parked("BA81234", HOUR_MS);
    bench.wait(5_000);
    expect(bench.lane().display).toMatch(/More than one/);
    expect(actions(bench)).toEqual([]);
  });

  it("a stay that was never confirmed stays so: it ends at the way out of the house", () => {
    const bench = exit(INNER);
    bench.parked("BAB1234", HOUR_MS, { status: "provisional" });
    arrive(bench, "BAB1234");
    bench.wait(1_000);
    driveThrough(bench);
    settleDown(bench);
    expect(bench.records("movement")).toMatchObject([{ direction: "out", scope: "zone" }]);
    expect(statuses(bench)).toEqual(["provisional"]);
  });
});

describe("the zones of an outer lane", () => {
  const zones = [{ zone: "level-1", by: 1 as const }];

  it("change with each passage, in and out, whatever way it went", () => {
    const into = entry({ lane: { zones } });
    passNormally(into, "BAB1234");
    expect(into.records("stay_started")).toMatchObject([{ zone: "level-1" }]);
    expect(into.book.inZone("level-1")).toBe(1);
    into.hold();
    into.wait(1_000);
    driveBack(into);
    expect(into.book.inZone("level-1"), "the wrong way out of an entry").toBe(0);
  });

  it("do not change for the way in that is only inferred at an exit", () => {
    const bench = exit({ lane: { zones } });
    bench.parked("BAB1234", 60_000, { status: "provisional" });
    passNormally(bench, "BAB1234");
    expect(bench.records("movement").map((m) => [m.direction, m.zones])).toEqual([
      ["in", []],
      ["out", [{ zone: "level-1", by: -1 }]],
    ]);
  });
});
