import { describe, expect, it } from "vitest";
import { exclusive, mendAll, press, remembered, viewOf, type Fault, type Thing } from "./faults.ts";

const thing = (faults: readonly Fault[]): Thing => {
  return { target: "a/b", kind: "board", title: "a", lane: null, status: () => "", faults };
};

describe("faults", () => {
  it("that exclude one another end each other, and mending one that is not on changes nothing", () => {
    const became: (string | null)[] = [];
    const [out, low] = exclusive({ out: "Out", low: "Low" }, (what) => became.push(what));
    out?.set(true);
    low?.set(true);
    out?.set(false);
    expect(became).toEqual(["out", "low"]);
    expect([out?.isOn(), low?.isOn()]).toEqual([false, true]);
    low?.set(false);
    expect(became).toEqual(["out", "low", null]);
  });

  it("are only on when they could be done", () => {
    const stubborn = remembered("x", "X", () => {
      throw new Error("it refuses");
    });
    expect(() => (stubborn.kind === "switch" ? stubborn.set(true) : null)).toThrow("it refuses");
    expect(viewOf(stubborn)).toEqual({ what: "x", title: "X", on: false });
    expect(viewOf(press("y", "Y", () => undefined))).toEqual({ what: "y", title: "Y", on: null });
  });

  it("are mended all, whatever one of them says", () => {
    const stuck: Fault = {
      what: "stuck",
      title: "Stuck",
      kind: "switch",
      isOn: () => true,
      set() {
        throw new Error("it stays");
      },
    };
    const levels: boolean[] = [];
    const loose = remembered("loose", "Loose", (on) => levels.push(on));
    if (loose.kind === "switch") loose.set(true);
    expect(() => mendAll([thing([stuck]), thing([loose])])).toThrow("it stays");
    expect(levels).toEqual([true, false]);
  });
});
