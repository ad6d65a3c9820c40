import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { BoardEvent, RelayCommand } from "../ports.ts";
import { createFakeBus, createTestContext, openCommand, outcomesOf } from "../testing/context.ts";
import { createGpioBoard, gpioBoardConfigSchema } from "./gpio-board.ts";
import type { GpioEvents, GpioWiring } from "./gpio-lines.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const CONFIG = {
  name: "pins",
  driver: "gpio",
  chip: "pinctrl-rp1",
  relays: { r1: 17, r2: { line: 27, active_low: true } },
  inputs: { in1: { line: 22, pull: "up" } },
};

/** A board on lines that the test moves; `openings` are the backends that were asked, in order. */
async function startBoard(overrides: object = {}) {
  const state = {
    levels: { in1: false } as Record<string, boolean>,
    outputs: { r1: false, r2: false } as Record<string, boolean>,
    broken: null as string | null,
    missing: null as string | null,
    stuck: false,
    mute: false,
  };
  const openings: string[] = [];
  const wire: string[] = [];
  let wiring: GpioWiring | null = null;
  let events: GpioEvents | null = null;
  let closed = 0;
  const set = (relay: string, on: boolean): Promise<void> => {
    if (state.broken !== null) return Promise.reject(new Error(state.broken));
    wire.push(`${relay} ${on ? "on" : "off"}`);
    if (!state.stuck) state.outputs[relay] = on;
    return state.stuck ? Promise.reject(new Error("EIO")) : Promise.resolve();
  };
  const backend = (name: string) => (given: GpioWiring, told: GpioEvents) => {
    openings.push(name);
    if (state.missing !== null) return Promise.reject(new Error(`${name} ${state.missing}`));
    wiring = given;
    events = told;
    return Promise.resolve({
      edges: true,
      remarks: ["mind the gap"],
      read: () => {
        if (state.broken !== null) return Promise.reject(new Error(state.broken));
        if (state.mute) return new Promise<never>(() => {});
        return Promise.resolve({ levels: { ...state.levels }, outputs: { ...state.outputs } });
      },
      energise: (relay: string) => set(relay, true),
      letGo: (relay: string) => set(relay, false),
      close: () => {
        closed += 1;
        return Promise.resolve();
      },
    });
  };
  const { context, warnings } = createTestContext(createFakeBus().bus);
  const reported: BoardEvent[] = [];
  const config = gpioBoardConfigSchema.parse({ ...CONFIG, ...overrides });
  const board = createGpioBoard(config, context, { sysfs: backend("sysfs"), libgpiod: backend("libgpiod") });
  await board.start((event) => reported.push(event));
  await vi.advanceTimersByTimeAsync(0);
  return {
    board,
    state,
    openings,
    wire,
    warnings,
    events: reported,
    wiring: () => wiring,
    told: () => events,
    closed: () => closed,
    kinds: () => reported.map(({ kind }) => kind),
    last: () => reported.findLast(({ kind }) => kind !== "outcome"),
  };
}

const after = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);
const pulse = (more: Partial<RelayCommand> = {}): RelayCommand =>
  openCommand({ relay: "r1", release: ["r2"], pulseMs: 500, deadlineMs: performance.now() + 5_000, ...more });

describe("a gpio board", () => {
  it("opens its lines as they are wired, and knows them at once", async () => {
    const { wiring, last, warnings } = await startBoard();
    expect(wiring()).toEqual({
      chip: "pinctrl-rp1",
      relays: [
        { name: "r1", line: 17, activeLow: false, pull: null },
        { name: "r2", line: 27, activeLow: true, pull: null },
      ],
      inputs: [{ name: "in1", line: 22, activeLow: false, pull: "up" }],
    });
    expect(last()).toMatchObject({
      kind: "inputs",
      levels: { in1: false },
      outputs: { r1: false, r2: false },
    });
    expect(warnings).toEqual(["mind the gap"]);
  });

  it("looks when it is told, and now and then by itself", async () => {
    const { state, told, events, kinds } = await startBoard();
    state.levels["in1"] = true;
    told()?.onEdge();
    await after(0);
    expect(events.at(-1)).toMatchObject({ kind: "inputs", levels: { in1: true } });
    await after(500);
    expect(kinds()).toHaveLength(3);
  });

  it("uses libgpiod where there is no sysfs, or only what it is told to", async () => {
    const auto = await startBoard();
    expect(auto.openings).toEqual(["sysfs"]);
    auto.state.missing = "is not there";
    auto.told()?.onFail("gone");
    await after(300);
    expect(auto.openings).toEqual(["sysfs", "sysfs", "libgpiod"]);
    expect((await startBoard({ backend: "libgpiod" })).openings).toEqual(["libgpiod"]);
  });

  it("is lost when reading fails, closes its lines, and opens them again", async () => {
    const { state, last, openings, closed, warnings } = await startBoard();
    state.broken = "ENODEV";
    await after(600);
    expect(last()).toEqual({ kind: "lost", reason: "ENODEV" });
    expect(closed()).toBeGreaterThan(0);
    state.broken = null;
    await after(10_000);
    expect(last()?.kind).toBe("inputs");
    expect(openings.length).toBeGreaterThan(1);
    expect(warnings.filter((warning) => warning === "gpio lost")).toHaveLength(1);
  });

  it("is lost when its lines say nothing any more", async () => {
    const { state, last, closed } = await startBoard();
    state.mute = true;
    await after(3_100);
    expect(last()).toEqual({ kind: "lost", reason: "the GPIO lines say nothing for 3 s" });
    expect(closed()).toBe(1);
    state.mute = false;
    await after(300);
    expect(last()?.kind).toBe("inputs");
  });
});

describe("commands to a gpio board", () => {
  it("pulse, break before they make, and are refused when they cannot be", async () => {
    const { board, wire, events } = await startBoard();
    const command = pulse();
    board.command(command);
    await after(0);
    expect(outcomesOf(events, command.id)).toEqual(["done"]);
    await after(500);
    expect(wire).toEqual(["r2 off", "r1 on", "r1 off"]);
    const strange = pulse({ relay: "toString" });
    const late = pulse({ deadlineMs: performance.now() - 1 });
    for (const refused of [strange, late]) {
      board.command(refused);
      expect(outcomesOf(events, refused.id)).toEqual(["refused"]);
    }
  });

  it("end by force, with a complaint, when a relay cannot be let go of", async () => {
    const { board, state, last, warnings, wire } = await startBoard();
    board.command(pulse());
    await after(100);
    state.stuck = true;
    await after(1_000);
    expect(warnings).toContain("a relay cannot be let go of");
    expect(last()).toEqual({ kind: "lost", reason: "relay r1 cannot be let go of: EIO" });
    state.stuck = false;
    await after(1_000);
    expect(wire.at(-1)).toBe("r1 off");
    expect(last()).toMatchObject({ kind: "inputs", outputs: { r1: false } });
  });

  it("are ended when the driver stops", async () => {
    const { board, state, closed } = await startBoard();
    board.command(pulse());
    await after(100);
    expect(state.outputs["r1"]).toBe(true);
    await board.stop();
    expect(state.outputs["r1"]).toBe(false);
    expect(closed()).toBe(1);
  });
});

describe("configuration of a gpio board", () => {
  it.each([
    ["no chip", { chip: undefined }],
    ["no line", { relays: {}, inputs: {} }],
    ["the same line twice", { inputs: { in1: 17 } }],
    ["a name that is none", { relays: { "R 1": 17 } }],
    ["a line that is none", { relays: { r1: -1 } }],
    ["a limit that one slow look breaks", { poll_ms: 1_000, stale_after_ms: 1_500 }],
  ])("refuses %s", (_what, overrides) => {
    expect(gpioBoardConfigSchema.safeParse({ ...CONFIG, ...overrides }).success).toBe(false);
  });
});
