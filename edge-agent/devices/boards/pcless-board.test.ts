import { afterEach, describe, expect, it } from "vitest";
import type { Board, BoardEvent } from "../ports.ts";
import { createFakeBus, createTestContext, openCommand, outcomesOf } from "../testing/context.ts";
import { type PclessController, startPclessController } from "../testing/pcless-controller.ts";
import { until } from "../testing/until.ts";
import { createPclessBoard, pclessBoardConfigSchema } from "./pcless-board.ts";

const running: { readonly stop: () => Promise<void> }[] = [];
afterEach(async () => {
  for (const each of running.splice(0)) await each.stop();
});

async function startController(): Promise<PclessController> {
  const controller = await startPclessController();
  running.push(controller);
  return controller;
}

async function startBoard(port: number, options: object = {}) {
  const { context, counts } = createTestContext(createFakeBus().bus);
  const config = {
    name: "exit-board",
    driver: "pcless",
    tcp: `127.0.0.1:${port}`,
    framing: "star",
    poll_ms: 100,
  };
  const events: BoardEvent[] = [];
  const board: Board = createPclessBoard(pclessBoardConfigSchema.parse({ ...config, ...options }), context);
  running.unshift(board);
  await board.start((event) => events.push(event));
  return {
    board,
    events,
    counts,
    levels: () => events.findLast((event) => event.kind === "inputs")?.levels,
    outputs: () => events.findLast((event) => event.kind === "inputs")?.outputs,
    has: (kind: BoardEvent["kind"]) => events.some((event) => event.kind === kind),
    last: () => events.at(-1),
  };
}

const known = (board: { has: (kind: BoardEvent["kind"]) => boolean }): Promise<void> =>
  until(() => board.has("inputs"), "the inputs");

describe("inputs of a pcless board", () => {
  it("are known from its status, and nothing before it counts", async () => {
    const controller = await startController();
    controller.deaf.add("STAT");
    controller.inputs[2] = true;
    const board = await startBoard(controller.port);
    await until(() => controller.count("STAT") > 0, "the question");
    controller.say("*IN1ON#*IN3ON#");
    await until(() => controller.count("STAT") > 2, "the question again");
    expect(board.events).toEqual([]);
    controller.deaf.delete("STAT");
    await known(board);
    expect(board.events[0]).toEqual({
      kind: "inputs",
      levels: { in1: false, in2: false, in3: true, in4: false },
      outputs: { open1: false, close1: false, stop1: false, out4: false },
      edges: null,
      boot: null,
    });
  });

  it("follow what the board says unasked, at once", async () => {
    const controller = await startController();
    const board = await startBoard(controller.port, { poll_ms: 2_000, stale_after_ms: 4_000 });
    await known(board);
    controller.say("*IN1ON#");
    await until(() => board.levels()?.["in1"] === true, "input 1 on");
    controller.say("*IN2ON#*IN1OFF#");
    await until(() => board.levels()?.["in1"] === false, "input 1 off");
    expect(board.levels()).toEqual({ in1: false, in2: true, in3: false, in4: false });
    expect(controller.count("STAT")).toBe(1);
  });

  it("are lost when the status stops, though the board chatters on; the line is opened anew", async () => {
    const controller = await startController();
    const board = await startBoard(controller.port, { stale_after_ms: 500 });
    await known(board);
    controller.deaf.add("STAT");
    const chatter = setInterval(() => controller.say("*IN1ON#*PINGOK#"), 50);
    await until(() => board.has("lost"), "the loss");
    clearInterval(chatter);
    expect(board.last()).toEqual({ kind: "lost", reason: "no status from the board for 0.5 s" });
    await until(() => controller.accepted() >= 3, "two more connections");
    expect(board.events.filter(({ kind }) => kind === "lost")).toHaveLength(1);
    controller.deaf.delete("STAT");
    await until(() => board.last()?.kind === "inputs", "the inputs again");
  });

  it("are lost when the line breaks, and known again only from a new status", async () => {
    const controller = await startController();
    const board = await startBoard(controller.port);
    await known(board);
    controller.deaf.add("STAT");
    controller.hangUp();
    await until(() => board.has("lost"), "the loss");
    await controller.connected();
    controller.say("*IN1ON#");
    await until(() => controller.count("STAT") > 3, "questions on the new line");
    expect(board.last()?.kind).toBe("lost");
    controller.deaf.delete("STAT");
    await until(() => board.last()?.kind === "inputs", "the inputs again");
  });

  it("are lost and asked for again when the board was switched on just now", async () => {
    const controller = await startController();
    const board = await startBoard(controller.port);
    await known(board);
    controller.inputs[3] = true;
    controller.say("*POWERON#");
    await until(() => board.levels()?.["in4"] === true, "the inputs again");
    expect(board.events.find(({ kind }) => kind === "lost")).toEqual({
      kind: "lost",
      reason: "the board restarted",
    });
  });

  it("survive noise on the line, which is counted", async () => {
    const controller = await startController();
    const board = await startBoard(controller.port);
    await known(board);
    controller.say("\u0000\u00ff*IN1*garbage#*IN2ON#");
    await until(
      () => board.levels()?.["in2"] === true || board.counts.has("pcless_frame_rejected"),
      "the noise",
    );
    expect(board.counts.get("pcless_frame_rejected")).toBe(1);
    expect(board.counts.get("pcless_frame_unrecognised")).toBe(1);
    expect(board.has("lost")).toBe(false);
  });
});

describe("commands to a pcless board", () => {
  it("are done when the board repeats them with OK", async () => {
    const controller = await startController();
    const board = await startBoard(controller.port);
    await known(board);
    for (const action of ["open", "close", "stop"] as const) {
      const command = openCommand({ relay: `${action}1` });
      board.board.command(command);
      await until(() => outcomesOf(board.events, command.id).length > 0, "the outcome");
      expect(outcomesOf(board.events, command.id)).toEqual(["done"]);
    }
    expect(controller.count("OPEN1") + controller.count("CLOSE1") + controller.count("STOP1")).toBe(3);
  });

  it("are refused before the inputs are known, after the deadline, and for a barrier that would latch", async () => {
    const controller = await startController();
    const board = await startBoard(controller.port);
    const early = openCommand();
    board.board.command(early);
    await known(board);
    const late = openCommand({ deadlineMs: performance.now() - 1 });
    const latching = openCommand({ relay: "open2" });
    board.board.command(late);
    board.board.command(latching);
    for (const { id } of [early, late, latching]) expect(outcomesOf(board.events, id)).toEqual(["refused"]);
    expect(controller.received()).not.toContain("OPEN");
  });

  it("are silent without an answer, and an answer that belongs to none is ignored", async () => {
    const controller = await startController();
    const board = await startBoard(controller.port);
    await known(board);
    controller.deaf.add("OPEN1");
    const command = openCommand();
    board.board.command(command);
    controller.say("*CLOSE1OK#*TRIG1OK#");
    await until(() => outcomesOf(board.events, command.id).length > 0, "the outcome");
    controller.say("*OPEN1OK#");
    await until(() => board.counts.get("pcless_ack_ignored") === 3, "the answers to be ignored");
    expect(outcomesOf(board.events, command.id)).toEqual(["silent"]);
  });

  it("do not wait for one another, unless they are the same", async () => {
    const controller = await startController();
    const board = await startBoard(controller.port);
    await known(board);
    for (const deaf of ["CLOSE1", "OPEN1"]) controller.deaf.add(deaf);
    const close = openCommand({ relay: "close1" });
    const open = openCommand();
    const again = openCommand();
    for (const command of [close, open, again]) board.board.command(command);
    expect(outcomesOf(board.events, again.id)).toEqual(["refused"]);
    await until(() => controller.count("OPEN1") === 1, "the opening behind the unanswered closing");
    await until(() => board.events.filter(({ kind }) => kind === "outcome").length === 3, "all outcomes");
    expect(outcomesOf(board.events, close.id)).toEqual(["silent"]);
    expect(outcomesOf(board.events, open.id)).toEqual(["silent"]);
  });

  it("are never sent again on a new line, nor answered by it", async () => {
    const controller = await startController();
    const board = await startBoard(controller.port);
    await known(board);
    controller.deaf.add("OPEN1");
    const command = openCommand();
    board.board.command(command);
    await until(() => controller.count("OPEN1") === 1, "the command");
    controller.hangUp();
    await until(() => outcomesOf(board.events, command.id).length > 0, "the outcome");
    await until(() => board.last()?.kind === "inputs", "the line again");
    controller.say("*OPEN1OK#");
    await until(() => board.counts.get("pcless_ack_ignored") === 1, "the answer to be ignored");
    expect(outcomesOf(board.events, command.id)).toEqual(["silent"]);
    expect(controller.count("OPEN1")).toBe(1);
  });

  it("that wait when the board restarts or the driver stops are silent", async () => {
    const controller = await startController();
    const board = await startBoard(controller.port);
    await known(board);
    controller.deaf.add("OPEN1").add("CLOSE1");
    const restarted = openCommand();
    board.board.command(restarted);
    controller.say("*POWERON#");
    await until(() => outcomesOf(board.events, restarted.id).length > 0, "the outcome");
    await until(() => board.last()?.kind === "inputs", "the inputs again");
    const stopped = openCommand({ relay: "close1" });
    board.board.command(stopped);
    await board.board.stop();
    expect(outcomesOf(board.events, restarted.id)).toEqual(["silent"]);
    expect(outcomesOf(board.events, stopped.id)).toEqual(["silent"]);
  });
});

describe("relays of a pcless board", () => {
  it("are read back by the names of their commands, the fifth where there is one", async () => {
    const controller = await startController();
    const board = await startBoard(controller.port, { poll_ms: 2_000, stale_after_ms: 4_000 });
    await known(board);
    controller.say("*STAT000001001#");
    await until(() => board.outputs()?.["close1"] === true, "the second output");
    expect(board.outputs()).toEqual({ open1: false, close1: true, stop1: false, out4: false, out5: true });
  });

  it("are not known between a command and the status after it, which is asked for at once", async () => {
    const controller = await startController();
    const board = await startBoard(controller.port, { poll_ms: 2_000, stale_after_ms: 4_000 });
    await known(board);
    controller.deaf.add("STAT");
    const command = openCommand();
    board.board.command(command);
    await until(() => outcomesOf(board.events, command.id).length > 0, "the outcome");
    await until(() => controller.count("STAT") === 2, "the question");
    controller.say("*IN1ON#");
    await until(() => board.levels()?.["in1"] === true, "input 1");
    expect(board.outputs()).toBeNull();
    controller.say("*STAT10001000#");
    await until(() => board.outputs()?.["open1"] === true, "the status");
  });
});

describe("cards at a pcless board", () => {
  it("are told with the reader that they were held to", async () => {
    const controller = await startController();
    const board = await startBoard(controller.port);
    await known(board);
    controller.say("*W12345678#*X0123456789#*W1234567#");
    await until(() => board.counts.has("pcless_frame_unrecognised"), "the third");
    expect(board.events.filter(({ kind }) => kind === "card")).toEqual([
      { kind: "card", reader: "w1", card: "12345678" },
      { kind: "card", reader: "w2", card: "0123456789" },
    ]);
  });
});

describe("configuration of a pcless board", () => {
  const board = { name: "exit-board", driver: "pcless" };
  it.each([
    ["a TCP address", { tcp: "127.0.0.1:9101" }],
    ["an IPv6 address", { tcp: "[::1]:9101" }],
    ["a serial port", { serial: "/dev/ttyUSB0", baud: 19_200, framing: "star" }],
  ])("takes %s", (_what, line) => {
    expect(pclessBoardConfigSchema.safeParse({ ...board, ...line }).success).toBe(true);
  });
  it.each([
    ["no line", {}],
    ["two lines", { tcp: "127.0.0.1:9101", serial: "/dev/ttyUSB0" }],
    ["an address without a port", { tcp: "127.0.0.1" }],
    ["a port that is none", { tcp: "127.0.0.1:65536" }],
    ["a baud rate that is none", { serial: "/dev/ttyUSB0", baud: 9_601 }],
    ["a limit that one lost answer breaks", { tcp: "a:1", poll_ms: 500, stale_after_ms: 900 }],
  ])("refuses %s", (_what, line) => {
    expect(pclessBoardConfigSchema.safeParse({ ...board, ...line }).success).toBe(false);
  });
});
