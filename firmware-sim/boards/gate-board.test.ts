import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createGateBoard, type BarrierWire, type BoardChange, type GateBoardOptions } from "./gate-board.ts";

const BARRIERS = [
  { open: "open1", close: "close1", stop: "stop1" },
  { open: "open2", close: "close2", stop: "stop2" },
];
const OPTIONS: GateBoardOptions = {
  inputs: ["in1", "in2"],
  barriers: BARRIERS,
  spareRelays: ["spare"],
  maxPulseMs: 2_000,
};
const RELAYS = [...BARRIERS.flatMap((barrier) => Object.values(barrier)), "spare"];

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("a gate board", () => {
  it("ends a pulse by itself, and none lasts longer than its maximum", () => {
    const board = createGateBoard(OPTIONS);
    board.pulse("open1", 500);
    vi.advanceTimersByTime(499);
    expect(board.relays().open1).toBe(true);
    vi.advanceTimersByTime(1);
    expect(board.relays().open1).toBe(false);
    board.pulse("open1", 60_000);
    vi.advanceTimersByTime(2_000);
    expect(board.relays().open1).toBe(false);
  });

  it("breaks before it makes", () => {
    const changes: string[] = [];
    const board = createGateBoard(OPTIONS, ({ name, on }: BoardChange) => changes.push(`${name} ${on}`));
    board.pulse("open1", 500);
    board.pulse("close1", 500);
    expect(changes).toEqual(["open1 true", "open1 false", "close1 true"]);
  });

  it("tells the arm which of its relays moved", () => {
    const wire = vi.fn<BarrierWire>();
    const board = createGateBoard({ ...OPTIONS, onBarrierRelay: wire });
    board.pulse("close2", 100);
    board.latch("spare", true);
    vi.advanceTimersByTime(100);
    expect(wire.mock.calls).toEqual([
      [2, "close", true],
      [2, "close", false],
    ]);
  });

  it("lets go of every relay when it stops, and energises none afterwards", () => {
    const board = createGateBoard(OPTIONS);
    board.latch("open1", true);
    board.latch("spare", true);
    board.stop();
    board.pulse("open1", 500);
    expect(Object.values(board.relays())).not.toContain(true);
  });

  it("reboots with a new name, fresh counters and relays off, but with the contacts as they are", () => {
    const board = createGateBoard(OPTIONS);
    const boot = board.boot();
    board.setInput("in1", true);
    board.pulse("open1", 500);
    vi.advanceTimersByTime(100);
    expect(board.uptimeMs()).toBe(100);
    board.reboot();
    expect(board.boot()).not.toBe(boot);
    expect(board.uptimeMs()).toBe(0);
    expect(board.edges()).toEqual({ in1: 0, in2: 0 });
    expect(board.inputs().in1).toBe(true);
    expect(board.relays().open1).toBe(false);
  });

  it("counts rising edges, and reports a level only when it changes", () => {
    const changes: BoardChange[] = [];
    const board = createGateBoard(OPTIONS, (change) => changes.push(change));
    for (const level of [true, true, false, true]) board.setInput("in1", level);
    expect(board.edges()).toEqual({ in1: 2, in2: 0 });
    expect(changes).toHaveLength(3);
    expect(() => board.setInput("in9", true)).toThrow(RangeError);
    expect(() => board.pulse("open9", 100)).toThrow(RangeError);
  });

  it("shows a stuck input's level until it follows its contact again", () => {
    const board = createGateBoard(OPTIONS);
    board.stickInput("in1", true);
    board.setInput("in1", false);
    expect(board.inputs().in1).toBe(true);
    board.stickInput("in1", null);
    expect(board.inputs().in1).toBe(false);
  });

  it("keeps its laws whatever is asked of it", () => {
    const act = fc.oneof(
      fc.record({
        what: fc.constant("pulse" as const),
        relay: fc.constantFrom(...RELAYS),
        ms: fc.nat(5_000),
      }),
      fc.record({ what: fc.constant("latch" as const), relay: fc.constantFrom(...RELAYS), on: fc.boolean() }),
      fc.record({ what: fc.constant("input" as const), on: fc.boolean() }),
      fc.record({ what: fc.constant("wait" as const), ms: fc.nat(3_000) }),
    );
    fc.assert(
      fc.property(fc.array(act, { maxLength: 60 }), (acts) => {
        const lawful = (): void => {
          const relays = board.relays();
          for (const barrier of BARRIERS) {
            expect(Object.values(barrier).filter((name) => relays[name] === true).length).toBeLessThanOrEqual(
              1,
            );
          }
        };
        const board = createGateBoard({ ...OPTIONS, onBarrierRelay: lawful }, lawful);
        const latched = new Set<string>();
        let edges = 0;
        for (const one of acts) {
          if (one.what === "pulse") {
            board.pulse(one.relay, one.ms);
            latched.delete(one.relay);
          }
          if (one.what === "latch") {
            board.latch(one.relay, one.on);
            if (one.on) latched.add(one.relay);
          }
          if (one.what === "input") board.setInput("in1", one.on);
          if (one.what === "wait") vi.advanceTimersByTime(one.ms);
          const counted = board.edges().in1 ?? 0;
          expect(counted).toBeGreaterThanOrEqual(edges);
          edges = counted;
          lawful();
        }
        vi.advanceTimersByTime(2_000);
        for (const [name, on] of Object.entries(board.relays())) expect(on && !latched.has(name)).toBe(false);
        board.stop();
      }),
      { numRuns: 200 },
    );
  });
});
