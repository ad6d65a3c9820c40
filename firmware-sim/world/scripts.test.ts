import { describe, expect, it } from "vitest";
import { STANDARD_GEOMETRY } from "./geometry.ts";
import { gateOf, kindsOf, pulse, runGate, STEP_MS, vehicle } from "./testing/attendant.ts";
import type { Gate, GateEvent } from "./gate.ts";

const WRONG_WAY = { kind: "wrong_way", forMs: 5_000 } as const;

function seen(events: readonly GateEvent[]): string[] {
  return events.flatMap(({ kind, driver }) => (kind === "in_view" ? [] : [`${driver.visit ?? "?"} ${kind}`]));
}

/** Lets time pass without anybody at the relays. */
function runAlone(gate: Gate, forMs: number): GateEvent[] {
  const events: GateEvent[] = [];
  for (let ms = 0; ms < forMs; ms += STEP_MS) events.push(...gate.step(STEP_MS));
  return events;
}

describe("a driver who creeps", () => {
  it("stands over the loops again and again, and gets through", () => {
    const gate = gateOf();
    gate.enter(vehicle("B AB 1", "car_with_trailer"), { kind: "creeps", everyM: 1, forMs: 1_500 });
    let stops = 0;
    let stood = true;
    const events = runGate(gate, 90_000, () => {
      const [one] = gate.vehicles();
      const stands = one?.phase === "passing" && one.frontM > 0 && one.speedMPerS === 0;
      if (stands && !stood) stops += 1;
      stood = stands;
    });
    expect(kindsOf(events)).toContain("passed");
    // 14.8 m from the arm to the end, a stop every metre.
    expect(stops).toBeGreaterThan(8);
    expect(gate.armHits()).toBe(0);
  });
});

describe("a driver who comes back through the arm", () => {
  it("has had every loop behind it before it does, and never came in", () => {
    const gate = gateOf();
    gate.enter(vehicle("B AB 1"), { kind: "reverse_through", afterMs: 500 }, 7);
    pulse(gate, "open");
    let wasBehind = false;
    const events: GateEvent[] = [];
    for (let ms = 0; ms < 60_000; ms += STEP_MS) {
      events.push(...gate.step(STEP_MS));
      const { arming, safety, closing, photocell } = gate.inputs();
      wasBehind ||= (gate.vehicles()[0]?.rearM ?? 0) > 2.9 && !arming && !safety && !closing && !photocell;
    }
    expect(wasBehind).toBe(true);
    expect(seen(events)).toEqual(["7 at_line", "7 backed_out"]);
  });

  it.each(["the arm comes down behind it", "somebody stands behind it"])("drives on when %s", (why) => {
    const gate = gateOf();
    gate.enter(vehicle("B AB 1"), { kind: "reverse_through", afterMs: 4_000 }, 1);
    if (why.startsWith("somebody")) gate.enter(vehicle("B AB 2"), { kind: "normal" }, 2);
    const events = runGate(gate, 60_000);
    expect(seen(events)).toContain("1 passed");
    expect(gate.armHits()).toBe(0);
  });
});

describe("a driver who comes into an exit from outside", () => {
  it("stands before the closed arm on the loop behind it, and backs out again", () => {
    const gate = gateOf("exit");
    expect(gate.enterWrongWay(vehicle("B AB 1"), WRONG_WAY, 3)).toBe(true);
    let closing = false;
    let safety = false;
    const events: GateEvent[] = [];
    for (let ms = 0; ms < 40_000; ms += STEP_MS) {
      events.push(...gate.step(STEP_MS));
      closing ||= gate.inputs().closing;
      safety ||= gate.inputs().safety;
    }
    expect(seen(events)).toEqual(["3 backed_out"]);
    expect({ closing, safety }).toEqual({ closing: true, safety: false });
    expect(gate.vehicles()).toHaveLength(0);
  });

  it("drives in through an arm that is up: closing, safety, arming", () => {
    const gate = gateOf("exit");
    pulse(gate, "open");
    runAlone(gate, 2_000);
    gate.enterWrongWay(vehicle("B AB 1"), WRONG_WAY, 3);
    const rises: string[] = [];
    let before = gate.inputs();
    const events: GateEvent[] = [];
    for (let ms = 0; ms < 30_000; ms += STEP_MS) {
      events.push(...gate.step(STEP_MS));
      const now = gate.inputs();
      for (const name of ["arming", "safety", "closing"] as const)
        if (now[name] && !before[name]) rises.push(name);
      before = now;
    }
    expect(rises).toEqual(["closing", "safety", "arming"]);
    expect(seen(events)).toEqual(["3 passed"]);
  });

  it("makes room for whoever wants out, and finds no way into a lane with somebody in it", () => {
    const gate = gateOf("exit");
    gate.enterWrongWay(vehicle("B AB 1"), { ...WRONG_WAY, forMs: 60_000 }, 1);
    runAlone(gate, 4_000);
    gate.enter(vehicle("B AB 2"), { kind: "normal" }, 2);
    expect(gate.enterWrongWay(vehicle("B AB 3"), WRONG_WAY, 3)).toBe(false);
    const events = runGate(gate, 60_000);
    expect(seen(events)).toContain("1 backed_out");
    expect(seen(events).at(-1)).toBe("2 passed");
    expect(gate.armHits()).toBe(0);
    expect(gateOf("entry").enterWrongWay(vehicle("B AB 4"), WRONG_WAY, 4)).toBe(false);
  });
});

describe("a driver who gives up", () => {
  it("turns away from an entry that does not open", () => {
    const gate = gateOf();
    gate.enter(vehicle("B AB 1"), { kind: "normal" }, 1);
    runAlone(gate, 10_000);
    expect(gate.atLine()?.visit).toBe(1);
    gate.giveUp(1);
    const events = runAlone(gate, 20_000);
    expect(seen(events)).toEqual(["1 backed_out"]);
    expect(events[0]?.driver.gaveUp).toBe(true);
  });

  it("is let out by those behind, the last one first", () => {
    const gate = gateOf();
    for (const visit of [1, 2, 3]) gate.enter(vehicle(`B AB ${visit}`), { kind: "normal" }, visit);
    runAlone(gate, 20_000);
    gate.giveUp(1);
    expect(seen(runAlone(gate, 60_000)).filter((one) => one.endsWith("backed_out"))).toEqual([
      "3 backed_out",
      "2 backed_out",
      "1 backed_out",
    ]);
  });

  it("does not turn round under the arm", () => {
    const gate = gateOf();
    gate.enter(vehicle("B AB 1"), { kind: "stall", forMs: 10_000 }, 1);
    pulse(gate, "open");
    runAlone(gate, 10_000);
    expect(gate.vehicles()[0]?.frontM).toBeGreaterThan(0);
    gate.giveUp(1);
    expect(seen(runAlone(gate, 30_000))).toEqual(["1 passed"]);
  });
});

describe("an attendant's eyes", () => {
  it("see who stands at the line, and whether anything is under the arm or right behind it", () => {
    const gate = gateOf();
    gate.enter(vehicle("B AB 1"), { kind: "stall", forMs: 5_000 }, 1);
    expect(gate.atLine()).toBeNull();
    runAlone(gate, 10_000);
    expect(gate.atLine()?.visit).toBe(1);
    expect(gate.isClear()).toBe(true);
    pulse(gate, "open");
    runAlone(gate, 6_000);
    expect(gate.atLine()).toBeNull();
    expect(gate.isClear()).toBe(false);
    expect(gate.inTheWay()).toEqual({ underneath: [1], covered: ["safety", "photocell"] });
  });

  it("see one who stopped before an arm that came down again", () => {
    const gate = gateOf();
    gate.enter(vehicle("B AB 1"), { kind: "normal" }, 1);
    runAlone(gate, 10_000);
    pulse(gate, "open");
    while (gate.vehicles()[0]?.phase !== "passing") gate.step(STEP_MS);
    pulse(gate, "close");
    runAlone(gate, 10_000);
    const front = gate.vehicles()[0]?.frontM ?? 0;
    expect(front).toBeGreaterThan(STANDARD_GEOMETRY.stopLineM);
    expect(front).toBeLessThan(0);
    expect(gate.atLine()?.visit).toBe(1);
    expect(gate.armHits()).toBe(0);
  });
});
