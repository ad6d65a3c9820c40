import { beforeEach, describe, expect, it } from "vitest";
import { asId, type CommandId } from "@parkme/shared/domain/ids";
import type { Board, BoardEvent } from "../../../../edge-agent/devices/ports.ts";
import { paintedPlate } from "../../../traffic/plates.ts";
import type { FaultKind } from "../../schedule.ts";
import type { Life } from "../../time/virtual-time.ts";
import { CONFIG, contextOf, idOf, letPass, named, newStage } from "./testing/device-stage.ts";

let { time, told, gates, hardware } = newStage();
beforeEach(() => {
  ({ time, told, gates, hardware } = newStage());
});

const id = idOf;
const context = (epoch: number) => contextOf(time, epoch);
const pass = (ms: number) => letPass(time, ms);
const kinds = () => told.map(({ kind }) => kind);
const fault = (kind: FaultKind, on = true, choice = 0): void => hardware.fault("entry", kind, on, choice);
const commandId = (n: number) => asId<CommandId>(id(n));

describe("a virtual board", () => {
  type Agent = { readonly life: Life; readonly board: Board; readonly heard: BoardEvent[] };

  async function connect(epoch = 1): Promise<Agent> {
    const life: Life = { alive: true };
    const board = hardware.connect(life).createBoard(named(CONFIG.boards, "entry-board"), context(epoch));
    const heard: BoardEvent[] = [];
    await board.start((event) => heard.push(event));
    await pass(1_100);
    return { life, board, heard };
  }

  function open(board: Board, n: number, deadlineMs = time.nowMs + 500): void {
    const release = ["close1", "stop1"];
    board.command({ id: commandId(n), relay: "open1", release, pulseMs: 500, deadlineMs });
  }

  const outcomes = ({ heard }: Agent) =>
    heard.flatMap((event) => (event.kind === "outcome" ? [`${event.outcome}: ${event.detail}`] : []));
  const images = ({ heard }: Agent) => heard.flatMap((event) => (event.kind === "inputs" ? [event] : []));

  function driveIn(): void {
    gates.get("entry")?.enter({ plate: paintedPlate("B AB 1", "D"), kind: "car", colour: "blue" });
    for (let ms = 0; ms < 8_000; ms += 50) gates.get("entry")?.step(50);
    hardware.sense();
  }

  it("tells whole images with its boot and its counts of rising edges", async () => {
    const agent = await connect();
    expect(images(agent)).toMatchObject([
      { levels: { arming: false, closed_limit: true }, edges: { arming: 0 }, boot: "1" },
    ]);
    expect(hardware.sense()).toBe(false);
    driveIn();
    await pass(10);
    expect(images(agent).at(-1)).toMatchObject({ levels: { arming: true }, edges: { arming: 1 } });
  });

  it("pulses a relay at once, reads it back, and lets go of it", async () => {
    const agent = await connect();
    open(agent.board, 1);
    await pass(100);
    expect(outcomes(agent)).toEqual(["done: done"]);
    expect(told).toMatchObject([{ kind: "pulsed", lane: "entry", action: "open", epoch: 1, underneath: [] }]);
    expect(images(agent).at(-1)?.outputs).toEqual({ open1: true, close1: false, stop1: false });
    expect(gates.get("entry")?.arm().motion).toBe("up");
    await pass(600);
    expect(images(agent).at(-1)?.outputs).toEqual({ open1: false, close1: false, stop1: false });
  });

  it("drops what is late, comes twice, or is of an older epoch", async () => {
    const old = await connect(1);
    const agent = await connect(2);
    open(agent.board, 1, time.nowMs + 1);
    open(agent.board, 2);
    await pass(10);
    expect(outcomes(agent).toSorted()).toEqual(["done: done", "refused: late"]);
    open(agent.board, 2);
    open(old.board, 3);
    await pass(10);
    expect(outcomes(old)).toEqual(["refused: fenced"]);
    expect(told.flatMap((entry) => (entry.kind === "command_dropped" ? [entry.reason] : []))).toEqual([
      "late",
      "duplicate",
      "fenced",
    ]);
    expect(kinds().filter((kind) => kind === "pulsed")).toHaveLength(1);
  });

  it("is lost when it is silent for too long, and its commands are refused until it speaks again", async () => {
    const agent = await connect();
    fault("board_silent");
    open(agent.board, 1);
    await pass(2_000);
    expect(outcomes(agent)).toEqual(["silent: no answer in time"]);
    await pass(1_100);
    expect(agent.heard.at(-1)).toMatchObject({ kind: "lost" });
    open(agent.board, 2);
    expect(outcomes(agent).at(-1)).toBe("refused: the board is not there");
    fault("board_silent", false);
    await pass(10);
    expect(agent.heard.at(-1)).toMatchObject({ kind: "inputs" });
    expect(told).toHaveLength(0);
  });

  it("forgets its counts in a reboot, and lets go of its relays", async () => {
    const agent = await connect();
    driveIn();
    open(agent.board, 1);
    await pass(50);
    fault("board_reboots");
    open(agent.board, 2);
    await pass(2_000);
    expect(agent.heard.at(-1)).toMatchObject({ kind: "lost", reason: "the board is offline" });
    await pass(3_000);
    expect(images(agent).at(-1)).toMatchObject({
      boot: "2",
      edges: { arming: 0 },
      outputs: { open1: false },
    });
    expect(outcomes(agent)).toEqual(["done: done", "silent: no answer in time"]);
  });

  it("loses commands and answers: one outcome of each all the same", async () => {
    const agent = await connect();
    fault("commands_lost");
    fault("answers_lost");
    for (let n = 1; n <= 20; n += 1) {
      open(agent.board, n);
      await pass(2_000);
    }
    const pulsed = kinds().filter((kind) => kind === "pulsed").length;
    const done = outcomes(agent).filter((outcome) => outcome.startsWith("done")).length;
    expect(outcomes(agent)).toHaveLength(20);
    expect(done).toBeGreaterThan(0);
    expect(done).toBeLessThan(pulsed);
    expect(pulsed).toBeLessThan(20);
  });

  it("tells late and twice, in order, and always the last image", async () => {
    const agent = await connect();
    fault("events_late");
    fault("events_doubled");
    const before = images(agent).length;
    for (let n = 1; n <= 30; n += 1) {
      hardware.lane("entry").button?.press();
      await pass(400);
    }
    await pass(1_000);
    const counts = images(agent)
      .slice(before)
      .map(({ edges }) => edges?.["button"] ?? 0);
    expect(counts).toEqual(counts.toSorted((a, b) => a - b));
    expect(counts.at(-1)).toBe(30);
    expect(new Set(counts).size).toBeLessThan(counts.length);
  });

  it("says what a broken loop says, and tells the judge so", async () => {
    const agent = await connect();
    fault("loop_stuck_on", true, 0.3);
    await pass(10);
    expect(images(agent).at(-1)?.levels).toMatchObject({ safety: true });
    fault("loop_stuck_on", false, 0.3);
    fault("loop_flickers", true, 0.3);
    const before = images(agent).length;
    await pass(20_000);
    expect(images(agent).length).toBeGreaterThan(before + 10);
    fault("loop_flickers", false, 0.3);
    await pass(10);
    const after = images(agent).length;
    await pass(20_000);
    expect(images(agent)).toHaveLength(after);
    expect(images(agent).at(-1)?.levels).toMatchObject({ safety: false });
    expect(told.flatMap((entry) => (entry.kind === "sensor" ? [entry.says] : []))).toEqual([
      "always on",
      "what is there",
      "flickers",
      "what is there",
    ]);
  });

  it("tells a program that has died nothing more", async () => {
    const agent = await connect();
    agent.life.alive = false;
    const before = agent.heard.length;
    open(agent.board, 1);
    driveIn();
    await pass(2_000);
    expect(agent.heard).toHaveLength(before);
    expect(told).toHaveLength(0);
  });
});
