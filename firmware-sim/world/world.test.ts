import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { VEHICLE_KINDS } from "../traffic/demand.ts";
import { ARM_CLEARANCE, createArm } from "./arm.ts";
import type { DriverScript } from "./driver.ts";
import {
  createFacilityWorld,
  type FacilityWorld,
  type WorldEvent,
  type WorldOptions,
} from "./facility-world.ts";
import { createGate, type GateEvent } from "./gate.ts";
import { STANDARD_GEOMETRY } from "./geometry.ts";
import {
  carefulAttendant,
  gateOf,
  kindsOf as kinds,
  pulse,
  runGate,
  STEP_MS,
  vehicle,
} from "./testing/attendant.ts";

const LONG_MS = 180_000;
const CALM = { arrivalsPerHour: 0, meanStayMinutes: 10, speed: 1 };

describe("an arm", () => {
  it("takes its rated time, and moves only after a pulse", () => {
    const arm = createArm({ ratedMs: 1_000 });
    arm.step(5_000, false);
    expect(arm.position()).toBe(0);
    arm.relay("open", true);
    arm.relay("open", false);
    arm.step(500, false);
    expect(arm.position()).toBeCloseTo(0.5);
    arm.step(490, false);
    expect(arm.position()).toBeLessThan(1);
    arm.step(20, false);
    expect(arm.position()).toBe(1);
    expect(arm.motion()).toBe("still");
  });

  it("halts on stop, turns on the opposite pulse, and ignores a relay that falls off", () => {
    const arm = createArm({ ratedMs: 1_000, position: 1 });
    arm.relay("close", true);
    arm.step(400, false);
    arm.relay("stop", true);
    arm.step(400, false);
    expect(arm.position()).toBeCloseTo(0.6);
    arm.relay("open", true);
    arm.relay("close", false);
    arm.step(100, false);
    expect(arm.position()).toBeCloseTo(0.7);
  });

  it("rests on a roof, and does not move while jammed", () => {
    const arm = createArm({ ratedMs: 1_000, position: 1 });
    arm.relay("close", true);
    arm.step(2_000, true);
    expect(arm.position()).toBe(ARM_CLEARANCE);
    arm.jam(true);
    arm.relay("open", true);
    arm.step(2_000, false);
    expect(arm.position()).toBe(ARM_CLEARANCE);
  });

  it("takes its time when it is slow", () => {
    const arm = createArm({ ratedMs: 1_000 });
    arm.slow(4);
    arm.relay("open", true);
    arm.step(1_000, false);
    expect(arm.position()).toBeCloseTo(0.25);
    arm.step(3_000, false);
    expect(arm.position()).toBe(1);
    expect(() => arm.slow(0)).toThrow("factor of 1 or more");
  });
});

describe("a gate", () => {
  it("has loops that no vehicle can slip through, and a safety loop half a metre beyond the arm", () => {
    const { arming, safety, closing } = STANDARD_GEOMETRY;
    const shortestVehicleM = 2.2;
    expect(safety.fromM).toBeLessThanOrEqual(-0.5);
    expect(safety.toM).toBeGreaterThanOrEqual(0.5);
    expect(safety.fromM - arming.toM).toBeLessThan(shortestVehicleM);
    expect(closing.fromM - safety.toM).toBeLessThan(shortestVehicleM);
  });

  it.each(["car", "van", "motorcycle"] as const)("lets a %s through, its loops in order", (kind) => {
    const gate = gateOf();
    gate.enter(vehicle("B AB 12", kind));
    const rises: string[] = [];
    let before = gate.inputs();
    const events = runGate(gate, 30_000, () => {
      const now = gate.inputs();
      for (const name of ["arming", "safety", "closing"] as const) {
        if (now[name] && !before[name]) rises.push(name);
        if (!now[name] && before[name]) rises.push(`${name} clear`);
      }
      before = now;
    });
    expect(rises.filter((rise) => !rise.endsWith("clear"))).toEqual(["arming", "safety", "closing"]);
    expect(rises.indexOf("safety clear")).toBeGreaterThan(rises.indexOf("closing"));
    expect(events.at(-1)?.kind).toBe("passed");
    expect(gate.armHits()).toBe(0);
  });

  it("keeps a vehicle before a closed arm on the arming loop, in the camera's view", () => {
    const gate = gateOf();
    gate.enter(vehicle("B AB 12"));
    const events: GateEvent[] = [];
    for (let ms = 0; ms < LONG_MS; ms += STEP_MS) events.push(...gate.step(STEP_MS));
    expect(gate.inputs()).toMatchObject({ arming: true, safety: false, closing: false, closed_limit: true });
    // Ten looks in the first 40 seconds, then one every 30.
    const looks = kinds(events).filter((kind) => kind === "in_view");
    expect(events).toHaveLength(looks.length + 1);
    expect(kinds(events)).toContain("at_line");
    expect(looks).toHaveLength(10 + Math.floor((LONG_MS - 46_000) / 30_000));
  });

  it("lets one vehicle through per opening: the next waits for its own", () => {
    const gate = gateOf();
    for (const plate of ["B AB 1", "B AB 2"]) gate.enter(vehicle(plate));
    pulse(gate, "open");
    const events: GateEvent[] = [];
    const passed = (): number => kinds(events).filter((kind) => kind === "passed").length;
    while (passed() === 0) events.push(...gate.step(STEP_MS));
    for (let ms = 0; ms < 8_000; ms += STEP_MS) events.push(...gate.step(STEP_MS));
    expect(passed()).toBe(1);
    expect(gate.inputs().arming).toBe(true);
    pulse(gate, "close");
    for (let ms = 0; ms < LONG_MS; ms += STEP_MS) events.push(...gate.step(STEP_MS));
    expect(passed()).toBe(1);
  });

  it("lets everybody through where the arm is left open, each some time after the one before", () => {
    const gate = gateOf();
    for (const plate of ["B AB 1", "B AB 2", "B AB 3"]) gate.enter(vehicle(plate));
    pulse(gate, "open");
    const events: GateEvent[] = [];
    for (let ms = 0; ms < LONG_MS; ms += STEP_MS) events.push(...gate.step(STEP_MS));
    expect(kinds(events).filter((kind) => kind === "passed")).toHaveLength(3);
  });

  it("lets a tailgater follow through the same opening", () => {
    const gate = gateOf();
    gate.enter(vehicle("B AB 1"));
    gate.enter(vehicle("B AB 2"), { kind: "tailgate" });
    pulse(gate, "open");
    const events: GateEvent[] = [];
    for (let ms = 0; ms < 60_000; ms += STEP_MS) events.push(...gate.step(STEP_MS));
    expect(kinds(events).filter((kind) => kind === "passed")).toHaveLength(2);
  });

  it.each([
    { kind: "back_out", from: "waiting", afterMs: 500 },
    { kind: "back_out", from: "opened", afterMs: 2_000 },
    { kind: "back_out", from: "under_arm", afterMs: 1_000 },
  ] as const)("lets a driver back out: $from", (script) => {
    const gate = gateOf();
    gate.enter(vehicle("B AB 1"), script);
    let sawSafety = false;
    let sawClosing = false;
    const events = runGate(gate, 60_000, () => {
      sawSafety ||= gate.inputs().safety;
      sawClosing ||= gate.inputs().closing;
    });
    expect(events.at(-1)?.kind).toBe("backed_out");
    expect(sawSafety).toBe(script.from === "under_arm");
    expect(sawClosing).toBe(false);
    expect(gate.vehicles()).toHaveLength(0);
    expect(gate.armHits()).toBe(0);
  });

  it("keeps a stalled vehicle under the arm for as long as it says", () => {
    const gate = gateOf();
    gate.enter(vehicle("B AB 1"), { kind: "stall", forMs: 20_000 });
    let underMs = 0;
    runGate(gate, 60_000, () => (underMs += gate.inputs().photocell ? STEP_MS : 0));
    expect(underMs).toBeGreaterThan(20_000);
    expect(gate.vehicles()).toHaveLength(0);
  });

  it("records a hit when something closes the arm on a vehicle", () => {
    const gate = gateOf();
    gate.enter(vehicle("B AB 1"), { kind: "stall", forMs: 20_000 });
    pulse(gate, "open");
    const events: GateEvent[] = [];
    for (let ms = 0; ms < 30_000; ms += STEP_MS) {
      if (gate.inputs().photocell && gate.arm().motion === "still") pulse(gate, "close");
      events.push(...gate.step(STEP_MS));
      if (gate.inputs().photocell) expect(gate.arm().position).toBeGreaterThanOrEqual(ARM_CLEARANCE);
    }
    expect(gate.armHits()).toBe(1);
    expect(kinds(events)).toContain("arm_hit");
  });

  it("refuses a vehicle that finds the lane full", () => {
    const gate = createGate({ name: "lane", direction: "entry", ratedMs: 1_500, queueLimit: 2 });
    const admitted = ["B AB 1", "B AB 2", "B AB 3"].map((plate) => gate.enter(vehicle(plate)));
    expect(admitted).toEqual([true, true, false]);
  });

  it("keeps its laws whatever pulses come and whoever drives", () => {
    const script = fc.oneof(
      fc.constant<DriverScript>({ kind: "normal" }),
      fc.constant<DriverScript>({ kind: "tailgate" }),
      fc.record({ kind: fc.constant("stall" as const), forMs: fc.nat(5_000) }),
      fc.record({ kind: fc.constant("reverse_through" as const), afterMs: fc.nat(5_000) }),
      fc.record({
        kind: fc.constant("creeps" as const),
        everyM: fc.integer({ min: 1, max: 4 }),
        forMs: fc.nat(3_000),
      }),
      fc.record({
        kind: fc.constant("back_out" as const),
        from: fc.constantFrom("waiting" as const, "opened" as const, "under_arm" as const),
        afterMs: fc.nat(3_000),
      }),
    );
    const act = fc.oneof(
      fc.constantFrom("open" as const, "close" as const, "stop" as const),
      fc.record({ kind: fc.constantFrom(...VEHICLE_KINDS), script }),
      fc.constant("wait" as const),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(act, fc.integer({ min: 1, max: 150 })), { maxLength: 40 }), (acts) => {
        const gate = gateOf();
        for (const [what, steps] of acts) {
          if (typeof what === "object") gate.enter(vehicle("B AB 1", what.kind), what.script);
          else if (what !== "wait") pulse(gate, what);
          for (let i = 0; i < steps; i++) {
            gate.step(STEP_MS);
            const inputs = gate.inputs();
            expect(inputs.open_limit && inputs.closed_limit).toBe(false);
            const { position } = gate.arm();
            expect(position >= 0 && position <= 1).toBe(true);
            const lane = gate.vehicles();
            for (const [index, one] of lane.entries()) {
              const ahead = lane[index - 1];
              if (ahead !== undefined) expect(one.frontM).toBeLessThanOrEqual(ahead.rearM);
              if (one.rearM < 0 && one.frontM > 0) expect(position).toBeGreaterThanOrEqual(ARM_CLEARANCE);
            }
          }
        }
      }),
      { numRuns: 60 },
    );
  });
});

function worldOf(options: Partial<WorldOptions> = {}): FacilityWorld {
  const lanes = [
    { name: "entry", direction: "entry", ratedMs: 1_500 },
    { name: "exit", direction: "exit", ratedMs: 1_500 },
  ] as const;
  return createFacilityWorld({ seed: "world", demand: CALM, capacity: 50, lanes, ...options });
}

function runWorld(world: FacilityWorld, forMs: number): WorldEvent[] {
  const attendants = [...world.gates.values()].map(carefulAttendant);
  const all: WorldEvent[] = [];
  for (let ms = 0; ms < forMs; ms += STEP_MS) {
    for (const attend of attendants) attend(STEP_MS);
    all.push(...world.step(STEP_MS));
  }
  return all;
}

describe("a facility's world", () => {
  const busy = { arrivalsPerHour: 120, meanStayMinutes: 4, speed: 1 };

  it("is the same twice for the same seed, and another for another", () => {
    const history = (seed: string) => JSON.stringify(runWorld(worldOf({ seed, demand: busy }), 600_000));
    expect(history("a")).toBe(history("a"));
    expect(history("a")).not.toBe(history("b"));
  });

  it("loses nobody: who came in is inside or went out, and no arm hit anyone", () => {
    const world = worldOf({ demand: busy, backOutChance: 0.1 });
    const events = runWorld(world, 1_800_000);
    const moved = (direction: string) =>
      events.filter((event) => event.kind === "movement" && event.direction === direction).length;
    expect(moved("in")).toBeGreaterThan(30);
    expect(moved("out")).toBeGreaterThan(15);
    const underWay = [...world.gates.values()].flatMap((gate) => gate.vehicles()).length;
    expect(Math.abs(moved("in") - moved("out") - world.inside().length)).toBeLessThanOrEqual(underWay);
    expect(kinds(events)).toContain("backed_out");
    expect(world.armHits()).toBe(0);
    expect(new Set(world.inside().map(({ vehicle: { plate } }) => plate.text)).size).toBe(
      world.inside().length,
    );
  });

  it("sends drivers on when the queue or the car park is full", () => {
    const queue = worldOf();
    const results = Array.from({ length: 10 }, (_, i) =>
      queue.arrive({ vehicle: vehicle(`B AB ${i + 10}`) }),
    );
    expect(results.filter(Boolean)).toHaveLength(8);
    expect(queue.droveOn()).toBe(2);
    const small = worldOf({ capacity: 1, parked: [{ vehicle: vehicle("B AB 1"), remainingMs: 1e9 }] });
    expect(small.arrive({ vehicle: vehicle("B AB 2") })).toBe(false);
    expect(small.step(STEP_MS)).toMatchObject([{ kind: "drove_on", reason: "car_park_full" }]);
  });

  it("takes a scripted vehicle in, keeps it for its stay, and lets it out", () => {
    const world = worldOf();
    world.arrive({ vehicle: vehicle("B AB 1"), lane: "entry", stayMs: 60_000 });
    const events = runWorld(world, 180_000);
    expect(events.filter(({ kind }) => kind === "movement")).toMatchObject([
      { lane: "entry", direction: "in", inside: 1 },
      { lane: "exit", direction: "out", inside: 0 },
    ]);
    expect(() => world.arrive({ vehicle: vehicle("B AB 2"), lane: "exit" })).toThrow(RangeError);
  });

  it("resumes with the vehicles of its predecessor, wherever they were", () => {
    const first = worldOf({ demand: busy });
    runWorld(first, 900_000);
    const inside = first.inside();
    expect(inside.length).toBeGreaterThan(0);
    const second = worldOf({ parked: inside });
    expect(second.inside()).toEqual(inside);
    const one = inside.at(-1)?.vehicle.plate.text ?? "";
    expect(second.depart(one)).toBe(true);
    expect(second.depart("NOBODY")).toBe(false);
    const out = runWorld(second, 120_000).filter(({ kind }) => kind === "movement");
    expect(out.map((event) => event.vehicle.plate.text)).toContain(one);
  });

  it("refuses a step in which a vehicle could jump over a loop", () => {
    expect(() => worldOf().step(101)).toThrow(RangeError);
    expect(() => worldOf().step(0)).toThrow(RangeError);
  });
});
