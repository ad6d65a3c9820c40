import { describe, expect, it } from "vitest";
import { VEHICLE_KINDS, type VehicleKind } from "../traffic/demand.ts";
import { createRandom, type Random } from "../traffic/random.ts";
import type { DriverScript } from "./driver.ts";
import { createFacilityWorld, type FacilityWorld, type WorldEvent } from "./facility-world.ts";
import type { ArmEvent } from "./gate.ts";
import { carefulAttendant, pulse, vehicle } from "./testing/attendant.ts";

const CALM = { arrivalsPerHour: 0, meanStayMinutes: 10, speed: 1 };
const HOUR_MS = 3_600_000;
const LANES = [
  { name: "in", direction: "entry", ratedMs: 1_500, zone: "level-1" },
  { name: "out", direction: "exit", ratedMs: 2_500 },
] as const;

type Coming = {
  atMs: number;
  kind: VehicleKind;
  script: DriverScript;
  exitScript: DriverScript;
  stayMs: number;
};

function drawScript(random: Random): DriverScript {
  const afterMs = 500 + random.int(4_000);
  return random.pick<DriverScript>([
    { kind: "normal" },
    { kind: "normal" },
    { kind: "tailgate" },
    { kind: "stall", forMs: afterMs },
    { kind: "creeps", everyM: 1, forMs: afterMs },
    { kind: "back_out", from: "waiting", afterMs },
    { kind: "back_out", from: "opened", afterMs },
    { kind: "back_out", from: "under_arm", afterMs },
    { kind: "reverse_through", afterMs },
    { kind: "wrong_way", forMs: afterMs },
  ]);
}

/** Whoever may drive off or turn round within the same moment does the one or the other by the step: not here. */
function resolute(script: DriverScript): DriverScript {
  return script.kind === "back_out" && script.from === "waiting" ? { kind: "normal" } : script;
}

function drawComings(random: Random, count: number): Coming[] {
  let atMs = 0;
  return Array.from({ length: count }, () => {
    atMs += 1_000 * (5 + random.int(120));
    const own = random.fork(String(atMs));
    const kind = own.pick(VEHICLE_KINDS);
    return {
      atMs,
      kind,
      script: drawScript(own),
      exitScript: drawScript(own),
      stayMs: 60_000 + own.int(20) * 60_000,
    };
  });
}

/** When attendants move an arm: every multiple of this, so that it does not depend on the steps. */
const ATTENDED_MS = 500;

type How = { readonly stepMs: number; readonly skips: boolean };
type Run = {
  readonly stories: Readonly<Record<string, string>>;
  readonly steps: number;
  readonly hits: number;
};

/** Everybody's story: what happened to them, in order, and when to the tenth of a minute. */
function run(comings: readonly Coming[], how: How): Run {
  const stories: Record<string, string> = {};
  const note = (visit: number | null, what: string): void => {
    stories[String(visit)] = `${stories[String(visit)] ?? ""}${what}; `;
  };
  const world = createFacilityWorld({ seed: "x", demand: CALM, capacity: 100, lanes: LANES });
  const attendants = [...world.gates.values()].map(carefulAttendant);
  let steps = 0;
  let next = 0;
  const endMs = (comings.at(-1)?.atMs ?? 0) + HOUR_MS;
  while (world.nowMs() < endMs) {
    const nowMs = world.nowMs();
    for (; comings[next] !== undefined && (comings[next]?.atMs ?? 0) <= nowMs; next += 1) {
      const coming = comings[next];
      if (coming === undefined) continue;
      world.arrive({ ...coming, visit: next, vehicle: vehicle(`B AB ${next + 1}`, coming.kind) });
    }
    if (nowMs % ATTENDED_MS === 0) for (const attend of attendants) attend(ATTENDED_MS);
    // What is due at the end of the quiet happens in the step that ends then.
    const quietMs = how.skips ? (Math.ceil(world.quietMs() / how.stepMs) - 1) * how.stepMs : 0;
    const skipMs = Math.min(quietMs, ATTENDED_MS - (nowMs % ATTENDED_MS));
    if (skipMs > 0) {
      world.skip(skipMs);
      continue;
    }
    steps += 1;
    for (const event of world.step(how.stepMs))
      if (event.kind !== "in_view") note(event.visit, wordsOf(event));
  }
  return { stories, steps, hits: world.armHits() };
}

function wordsOf(event: WorldEvent): string {
  return "lane" in event ? `${event.kind} ${event.lane}` : event.kind;
}

const SEEDS = Array.from({ length: 12 }, (_, i) => `seed ${i}`);

describe("time", () => {
  it.each(SEEDS)("that is skipped makes no difference (%s)", (seed) => {
    const comings = drawComings(createRandom(seed), 12);
    const stepped = run(comings, { stepMs: 50, skips: false });
    const skipped = run(comings, { stepMs: 50, skips: true });
    expect(skipped.stories).toEqual(stepped.stories);
    expect(skipped.steps).toBeLessThan(stepped.steps / 2);
  });

  it.each(SEEDS)("in steps of 50 ms tells the same stories as in steps of 20 (%s)", (seed) => {
    const comings = drawComings(createRandom(seed), 12).map((coming) => ({
      ...coming,
      script: resolute(coming.script),
      exitScript: resolute(coming.exitScript),
    }));
    const coarse = run(comings, { stepMs: 50, skips: true });
    const fine = run(comings, { stepMs: 20, skips: true });
    expect(coarse.stories).toEqual(fine.stories);
    expect([coarse.hits, fine.hits]).toEqual([0, 0]);
  });

  it("cannot be skipped while something moves", () => {
    const world = worldOf();
    expect(world.quietMs()).toBe(Infinity);
    world.skip(86_400_000);
    expect(world.nowMs()).toBe(86_400_000);
    world.arrive({ vehicle: vehicle("B AB 1"), visit: 1 });
    expect(() => world.skip(50)).toThrow("something happens before");
    expect(() => world.skip(-1)).toThrow("something happens before");
  });
});

function worldOf(onArm?: (event: ArmEvent) => void): FacilityWorld {
  return createFacilityWorld({
    seed: "x",
    demand: CALM,
    capacity: 10,
    lanes: LANES,
    ...(onArm !== undefined && { onArm }),
  });
}

/** Steps of 50 ms until something holds. */
function until(world: FacilityWorld, holds: (events: readonly WorldEvent[]) => boolean): void {
  for (let ms = 0; ms < HOUR_MS; ms += 50) if (holds(world.step(50))) return;
  throw new Error("it never came about");
}

const laneOf = (world: FacilityWorld, name: string) => {
  const gate = world.gates.get(name);
  if (gate === undefined) throw new Error(`no lane ${name}`);
  return gate;
};

describe("a world that jumps", () => {
  it("knows when the next driver wants to leave, and nothing is due when nobody does", () => {
    const world = worldOf();
    expect([world.busy(), world.nextMs()]).toEqual([false, Infinity]);
    world.arrive({ vehicle: vehicle("B AB 1"), visit: 4, stayMs: 3 * HOUR_MS });
    expect(world.busy()).toBe(true);
    pulse(laneOf(world, "in"), "open");
    until(world, (events) => events.some(({ kind }) => kind === "movement"));
    expect([world.busy(), world.nextMs()]).toEqual([false, 3 * HOUR_MS]);
    expect(world.inside()).toMatchObject([{ visit: 4, zone: "level-1", remainingMs: 3 * HOUR_MS }]);
    world.skip(world.nextMs());
    expect(world.step(50)).toEqual([]);
    expect(laneOf(world, "out").vehicles()).toHaveLength(1);
    expect(world.inside()).toMatchObject([{ visit: 4, zone: "level-1" }]);
  });

  it("lets who cannot get into a full exit wait for room, and not for a time", () => {
    const parked = [{ vehicle: vehicle("B AB 9"), remainingMs: 30_000, visit: 9 }];
    const world = createFacilityWorld({ seed: "x", demand: CALM, capacity: 20, lanes: LANES, parked });
    const out = laneOf(world, "out");
    for (let i = 0; i < 8; i += 1) out.enter(vehicle(`B AB ${i + 1}`), { kind: "normal" }, i);
    until(world, () => world.nowMs() > 60_000);
    expect(world.nextMs()).toBe(Infinity);
    expect(world.quietMs()).toBeGreaterThan(1_000);
    pulse(out, "open");
    until(world, (events) => events.some(({ kind }) => kind === "movement"));
    expect(world.nextMs()).toBe(0);
    world.step(50);
    expect(out.vehicles().at(-1)?.visit).toBe(9);
  });
});

describe("a world's truth", () => {
  it("has the arm's movements with those in its way", () => {
    const told: ArmEvent[] = [];
    const world = worldOf((event) => told.push(event));
    world.arrive({ vehicle: vehicle("B AB 1"), visit: 1, script: { kind: "stall", forMs: 20_000 } });
    const gate = laneOf(world, "in");
    until(world, (events) => events.some(({ kind }) => kind === "at_line"));
    pulse(gate, "open");
    until(world, () => gate.inputs().photocell && gate.quietMs() > 0);
    pulse(gate, "close");
    const events: WorldEvent[] = [];
    until(world, (now) => events.push(...now) > 0 && events.some(({ kind }) => kind === "arm_hit"));
    gate.relay("stop", true);
    world.step(50);
    expect(told).toMatchObject([
      { kind: "arm", lane: "in", motion: "up", position: 0, underneath: [], covered: [] },
      { motion: "still", position: 1 },
      { motion: "down", position: 1, underneath: [1], covered: ["safety", "photocell"] },
      { motion: "still", underneath: [1] },
    ]);
    expect(events.filter(({ kind }) => kind === "arm_hit")).toMatchObject([
      { visit: 1, covered: ["safety", "photocell"] },
    ]);
  });

  it("leaves out sensors that are not fitted", () => {
    const lanes = [{ ...LANES[0], fitted: ["safety"] }] as const;
    const world = createFacilityWorld({ seed: "x", demand: CALM, capacity: 9, lanes });
    world.arrive({ vehicle: vehicle("B AB 1"), visit: 1, script: { kind: "stall", forMs: 20_000 } });
    const gate = laneOf(world, "in");
    pulse(gate, "open");
    until(world, () => gate.inputs().photocell);
    expect(gate.inTheWay().covered).toEqual(["safety"]);
  });

  it("counts one who came in by an exit, who leaves as it was told to", () => {
    const world = worldOf();
    const out = laneOf(world, "out");
    pulse(out, "open");
    until(world, () => out.inputs().open_limit);
    const script = { kind: "wrong_way", forMs: 60_000 } as const;
    world.arrive({ vehicle: vehicle("B AB 1"), visit: 5, script, stayMs: 60_000 });
    const events: WorldEvent[] = [];
    until(world, (now) => events.push(...now) > 0 && events.some(({ kind }) => kind === "movement"));
    expect(events.at(-1)).toMatchObject({
      kind: "movement",
      lane: "out",
      direction: "in",
      visit: 5,
      inside: 1,
    });
    expect(world.inside()).toMatchObject([{ visit: 5, zone: null }]);
  });

  it("has one who turned away drive on", () => {
    const world = worldOf();
    world.arrive({ vehicle: vehicle("B AB 1"), visit: 6 });
    until(world, () => world.atLine("in")?.visit === 6);
    expect(world.isClear("in")).toBe(true);
    world.giveUp(6);
    const events: WorldEvent[] = [];
    until(world, (now) => events.push(...now) > 0 && !world.busy());
    expect(events.at(-1)).toMatchObject({ kind: "drove_on", reason: "gave_up", visit: 6 });
    expect(world.droveOn()).toBe(1);
    expect(world.inside()).toEqual([]);
  });

  it("sends one who backed out of an exit there again", () => {
    const world = worldOf();
    const exitScript = { kind: "back_out", from: "waiting", afterMs: 500 } as const;
    world.arrive({ vehicle: vehicle("B AB 1"), visit: 7, exitScript, stayMs: 60_000 });
    pulse(laneOf(world, "in"), "open");
    const events: WorldEvent[] = [];
    until(world, (now) => {
      events.push(...now);
      return events.some(({ kind }) => kind === "backed_out");
    });
    expect(world.inside()).toMatchObject([{ visit: 7, zone: "level-1", remainingMs: 300_000 }]);
    until(world, () => world.atLine("out")?.visit === 7);
    pulse(laneOf(world, "out"), "open");
    until(world, (now) => now.some(({ kind }) => kind === "movement"));
    expect(world.inside()).toEqual([]);
  });

  it("goes faster and slower, also for those who are parked already", () => {
    const parked = [{ vehicle: vehicle("B AB 1"), remainingMs: 80_000 }];
    const demand = { arrivalsPerHour: 1, meanStayMinutes: 10, speed: 1 };
    const world = createFacilityWorld({ seed: "x", demand, capacity: 9, lanes: LANES, parked });
    const gapMs = Math.min(80_000, world.nextMs());
    world.setSpeed(8);
    expect(world.inside()[0]?.remainingMs).toBe(10_000);
    expect(world.nextMs()).toBe(gapMs / 8);
    world.setSpeed(2);
    expect(world.inside()[0]?.remainingMs).toBe(40_000);
    for (const speed of [0, 101, Number.NaN])
      expect(() => world.setSpeed(speed)).toThrow("a speed is 1..100");
  });

  it("lets a parked driver head for a certain exit", () => {
    const parked = [{ vehicle: vehicle("B AB 1"), remainingMs: HOUR_MS }];
    const lanes = [...LANES, { ...LANES[1], name: "side" }];
    const world = createFacilityWorld({ seed: "x", demand: CALM, capacity: 9, lanes, parked });
    expect(() => world.depart("BAB1", { kind: "normal" }, "in")).toThrow("no exit lane in");
    expect(world.depart("BAB1", { kind: "normal" }, "side")).toBe(true);
    world.step(50);
    expect(laneOf(world, "side").vehicles()).toHaveLength(1);
    expect(world.depart("BAB1")).toBe(false);
  });
});
