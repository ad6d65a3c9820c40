import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createFakeBus, createTestContext, openCommand, outcomesOf } from "../testing/context.ts";
import type { RelayCommand, BoardEvent } from "../ports.ts";
import { createMqttBoard, mqttBoardConfigSchema } from "./mqtt-board.ts";

const TOPIC = "parkme/demo/board/entry-board";
const LEVELS = { in1: false, in2: true };

function state(seq: number, overrides: object = {}): object {
  return {
    boot: "boot-1",
    seq,
    uptime_ms: 1_000 * seq,
    inputs: LEVELS,
    edges: { in1: 3 },
    outputs: { open1: false },
    ...overrides,
  };
}

async function startBoard() {
  const fake = createFakeBus();
  const { context, counts, warnings } = createTestContext(fake.bus);
  const events: BoardEvent[] = [];
  const board = createMqttBoard(
    mqttBoardConfigSchema.parse({ name: "entry-board", driver: "mqtt" }),
    context,
  );
  await board.start((event) => events.push(event));
  return {
    ...fake,
    board,
    events,
    counts,
    warnings,
    kinds: () => events.map(({ kind }) => kind),
    live: (seq: number, overrides: object = {}) => fake.deliver(`${TOPIC}/state`, state(seq, overrides)),
    acknowledge: (command: RelayCommand, result: string) =>
      fake.deliver(`${TOPIC}/ack`, { id: command.id, result, uptime_ms: 1 }),
  };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("inputs of an mqtt board", () => {
  it("are known from a live state, with edges and boot", async () => {
    const { live, events } = await startBoard();
    live(1);
    expect(events).toEqual([
      { kind: "inputs", levels: LEVELS, outputs: { open1: false }, edges: { in1: 3 }, boot: "boot-1" },
    ]);
  });

  it("are not known from the broker's memory", async () => {
    const { deliver, events, board } = await startBoard();
    deliver(`${TOPIC}/status`, { online: true, boot: "boot-1" }, true);
    deliver(`${TOPIC}/state`, state(1), true);
    expect(events).toEqual([]);
    const command = openCommand();
    board.command(command);
    expect(outcomesOf(events, command.id)).toEqual(["refused"]);
  });

  it("are lost, once, when the board falls silent; a heartbeat keeps them", async () => {
    const { live, kinds } = await startBoard();
    live(1);
    vi.advanceTimersByTime(2_900);
    live(2);
    vi.advanceTimersByTime(2_999);
    expect(kinds()).toEqual(["inputs", "inputs"]);
    vi.advanceTimersByTime(1);
    expect(kinds()).toEqual(["inputs", "inputs", "lost"]);
    vi.advanceTimersByTime(60_000);
    expect(kinds()).toHaveLength(3);
    live(3);
    expect(kinds()).toEqual(["inputs", "inputs", "lost", "inputs"]);
  });

  it("are reported lost when a board is never heard at all", async () => {
    const { kinds } = await startBoard();
    vi.advanceTimersByTime(3_000);
    expect(kinds()).toEqual(["lost"]);
  });

  it("are lost with the board's Will, but not with the Will of its earlier boot", async () => {
    const { live, deliver, kinds } = await startBoard();
    live(1);
    deliver(`${TOPIC}/status`, { online: false, boot: "boot-0" });
    expect(kinds()).toEqual(["inputs"]);
    deliver(`${TOPIC}/status`, { online: false, boot: "boot-1" });
    expect(kinds()).toEqual(["inputs", "lost"]);
  });

  it("are lost with the broker", async () => {
    const { live, link, events } = await startBoard();
    live(1);
    link(false);
    link(true);
    expect(events.at(-1)).toEqual({ kind: "lost", reason: "the connection to the boards is down" });
    live(2);
    expect(events.at(-1)?.kind).toBe("inputs");
  });

  it("drop a state that a newer one of the same boot has overtaken, even across an outage", async () => {
    const { live, link, events, counts } = await startBoard();
    live(5);
    live(4, { inputs: { in1: true, in2: true } });
    live(5, { inputs: { in1: true, in2: true } });
    link(false);
    live(3);
    expect(events.map(({ kind }) => kind)).toEqual(["inputs", "lost"]);
    expect(counts.get("mqtt_board_state_out_of_order")).toBe(3);
  });

  it("are lost and known anew when the board restarts, though its count starts over", async () => {
    const { live, events } = await startBoard();
    live(50);
    live(1, { boot: "boot-2" });
    expect(events.slice(1)).toEqual([
      { kind: "lost", reason: "the board restarted" },
      { kind: "inputs", levels: LEVELS, outputs: { open1: false }, edges: { in1: 3 }, boot: "boot-2" },
    ]);
  });

  it("survive any garbage, which is counted, and logged once until something right is said", async () => {
    const { deliver, live, events, counts, warnings } = await startBoard();
    live(1);
    let bad = 0;
    for (const topic of ["state", "status", "ack"]) {
      fc.assert(
        fc.property(fc.oneof(fc.uint8Array({ maxLength: 64 }), fc.json(), fc.object()), (message) => {
          bad += 1;
          deliver(`${TOPIC}/${topic}`, message);
        }),
      );
    }
    expect(events.map(({ kind }) => kind)).toEqual(["inputs"]);
    expect(counts.get("mqtt_board_bad_message")).toBe(bad);
    expect(warnings).toHaveLength(1);
    live(2);
    deliver(`${TOPIC}/state`, "rubbish");
    expect(warnings).toHaveLength(2);
  });
});

describe("commands to an mqtt board", () => {
  it("carry id, epoch, boot, and the deadline on the board's own uptime", async () => {
    const { live, board, published } = await startBoard();
    live(10);
    vi.advanceTimersByTime(400);
    const command = openCommand({ relay: "close1", pulseMs: 700, deadlineMs: performance.now() + 1_500 });
    board.command(command);
    expect(published).toEqual([
      {
        topic: `${TOPIC}/cmd`,
        document: {
          id: command.id,
          epoch: 7,
          boot: "boot-1",
          deadline_uptime_ms: 10_000 + 400 + 1_500,
          barrier: 1,
          action: "close",
          pulse_ms: 700,
        },
      },
    ]);
  });

  it("are refused at once after their deadline, without the board, and without the broker", async () => {
    const { live, link, board, events, published } = await startBoard();
    const early = openCommand();
    board.command(early);
    live(1);
    const late = openCommand({ deadlineMs: performance.now() });
    board.command(late);
    link(false);
    const offline = openCommand();
    board.command(offline);
    for (const { id } of [early, late, offline]) expect(outcomesOf(events, id)).toEqual(["refused"]);
    expect(published).toEqual([]);
  });

  it("are refused when the bus does not take them", async () => {
    const { bus, live, board, events } = await startBoard();
    live(1);
    vi.spyOn(bus, "publish").mockReturnValue(false);
    const command = openCommand();
    board.command(command);
    vi.advanceTimersByTime(60_000);
    expect(outcomesOf(events, command.id)).toEqual(["refused"]);
  });

  it.each([
    ["done", "done"],
    ["late", "refused"],
    ["fenced", "refused"],
    ["rebooted", "refused"],
    ["invalid", "refused"],
  ])("that the board calls %s are %s, and that is final", async (result, outcome) => {
    const { live, board, events, acknowledge } = await startBoard();
    live(1);
    const command = openCommand();
    board.command(command);
    acknowledge(command, result);
    acknowledge(command, "done");
    vi.advanceTimersByTime(60_000);
    expect(outcomesOf(events, command.id)).toEqual([outcome]);
  });

  it("are not settled by the answer to a second copy", async () => {
    const { live, board, events, acknowledge } = await startBoard();
    live(1);
    const command = openCommand();
    board.command(command);
    acknowledge(command, "duplicate");
    expect(outcomesOf(events, command.id)).toEqual([]);
    acknowledge(command, "done");
    expect(outcomesOf(events, command.id)).toEqual(["done"]);
  });

  it("are silent when no answer comes soon after the deadline; an answer after that is ignored", async () => {
    const { live, board, events, acknowledge, counts } = await startBoard();
    live(1);
    const command = openCommand({ deadlineMs: performance.now() + 1_000 });
    board.command(command);
    vi.advanceTimersByTime(1_249);
    expect(outcomesOf(events, command.id)).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(outcomesOf(events, command.id)).toEqual(["silent"]);
    acknowledge(command, "done");
    expect(outcomesOf(events, command.id)).toEqual(["silent"]);
    expect(counts.get("mqtt_board_ack_ignored")).toBe(1);
  });

  it("are not answered out of the broker's memory", async () => {
    const { live, board, events, deliver } = await startBoard();
    live(1);
    const command = openCommand();
    board.command(command);
    deliver(`${TOPIC}/ack`, { id: command.id, result: "done", uptime_ms: 1 }, true);
    expect(outcomesOf(events, command.id)).toEqual([]);
  });

  it("are refused when too many wait already", async () => {
    const { live, board, events } = await startBoard();
    live(1);
    const commands = Array.from({ length: 17 }, () => openCommand());
    for (const command of commands) board.command(command);
    expect(commands.filter(({ id }) => outcomesOf(events, id)[0] === "refused")).toEqual(commands.slice(16));
  });

  it("that wait when the driver stops are silent, and the board is heard no more", async () => {
    const { live, board, events, topics } = await startBoard();
    live(1);
    const command = openCommand();
    board.command(command);
    await board.stop();
    expect(outcomesOf(events, command.id)).toEqual(["silent"]);
    expect(topics()).toEqual([]);
    const before = events.length;
    vi.advanceTimersByTime(60_000);
    expect(events).toHaveLength(before);
  });

  it("have exactly one outcome each, whatever happens in whatever order", async () => {
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.constant({ do: "command" } as const) },
      {
        weight: 3,
        arbitrary: fc.record({
          do: fc.constant("ack" as const),
          nth: fc.nat(20),
          result: fc.constantFrom("done", "late", "duplicate", "invalid"),
        }),
      },
      { weight: 2, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.nat(2_000) }) },
      {
        weight: 2,
        arbitrary: fc.record({
          do: fc.constant("state" as const),
          boot: fc.constantFrom("boot-1", "boot-2"),
        }),
      },
      { weight: 1, arbitrary: fc.record({ do: fc.constant("link" as const), up: fc.boolean() }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const { board, live, link, acknowledge, events } = await startBoard();
        const commands: RelayCommand[] = [];
        live(1);
        let seq = 1;
        for (const next of steps) {
          switch (next.do) {
            case "command": {
              const command = openCommand();
              commands.push(command);
              board.command(command);
              break;
            }
            case "ack": {
              const command = commands[next.nth % Math.max(1, commands.length)];
              if (command !== undefined) acknowledge(command, next.result);
              break;
            }
            case "wait":
              vi.advanceTimersByTime(next.ms);
              break;
            case "state":
              live(++seq, { boot: next.boot });
              break;
            case "link":
              link(next.up);
              break;
          }
        }
        vi.advanceTimersByTime(5_000);
        for (const { id } of commands) expect(outcomesOf(events, id)).toHaveLength(1);
        await board.stop();
      }),
      { numRuns: 200 },
    );
  });
});

describe("configuration of an mqtt board", () => {
  it("fills in the freshness limit and refuses one that a single late heartbeat breaks", () => {
    expect(mqttBoardConfigSchema.parse({ name: "entry-board", driver: "mqtt" }).stale_after_ms).toBe(3_000);
    expect(
      mqttBoardConfigSchema.safeParse({ name: "b", driver: "mqtt", stale_after_ms: 1_000 }).success,
    ).toBe(false);
    expect(mqttBoardConfigSchema.safeParse({ name: "b", driver: "mqtt", port: 1 }).success).toBe(false);
  });
});
