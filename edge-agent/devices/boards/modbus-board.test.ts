import { afterEach, describe, expect, it } from "vitest";
import type { BoardEvent } from "../ports.ts";
import { createFakeBus, createTestContext, openCommand, outcomesOf } from "../testing/context.ts";
import { type ModbusSlave, startModbusSlave } from "../testing/modbus-slave.ts";
import { startTcpPeer } from "../testing/tcp-peer.ts";
import { until } from "../testing/until.ts";
import { createModbusBoard, modbusBoardConfigSchema } from "./modbus-board.ts";

const cleanup: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of cleanup.splice(0).toReversed()) await end();
});

async function startSlave(...units: number[]): Promise<ModbusSlave> {
  const slave = await startModbusSlave(units.length === 0 ? [1] : units);
  cleanup.push(slave.stop);
  return slave;
}

/** A board on its own site, or on that of another one. */
async function startBoard(port: number, options: object = {}, site = createTestContext(createFakeBus().bus)) {
  const config = {
    name: "entry-board",
    driver: "modbus",
    tcp: `127.0.0.1:${port}`,
    poll_ms: 20,
    answer_ms: 200,
  };
  const events: BoardEvent[] = [];
  const board = createModbusBoard(modbusBoardConfigSchema.parse({ ...config, ...options }), site.context);
  cleanup.push(board.stop.bind(board));
  await board.start((event) => events.push(event));
  const last = (): BoardEvent | undefined => events.findLast(({ kind }) => kind !== "outcome");
  const image = () => {
    const event = last();
    return event?.kind === "inputs" ? event : null;
  };
  return {
    site,
    board,
    events,
    image,
    known: () => until(() => image() !== null, "the inputs"),
    lost: () => until(() => last()?.kind === "lost", "the loss"),
    reasons: () => events.flatMap((event) => (event.kind === "lost" ? [event.reason] : [])),
    settled: (command: ReturnType<typeof open>) =>
      until(() => outcomesOf(events, command.id).length > 0, "the outcome").then(() => {
        const found = events.filter((event) => event.kind === "outcome" && event.commandId === command.id);
        expect(found).toHaveLength(1);
        return found[0] as Extract<BoardEvent, { kind: "outcome" }>;
      }),
  };
}

const open = (more: Parameters<typeof openCommand>[0] = {}) =>
  openCommand({ relay: "r1", release: ["r2", "r3"], ...more });
const HOST = { pulse: "host" };

describe("what a modbus board tells", () => {
  it("is the whole image, once it has shown all it has, and each change at once", async () => {
    const slave = await startSlave();
    slave.unit().inputs[2] = true;
    slave.unit().coils[7] = true;
    const board = await startBoard(slave.port);
    await board.known();
    expect(board.events[0]).toMatchObject({
      kind: "inputs",
      levels: {
        in1: false,
        in2: false,
        in3: true,
        in4: false,
        in5: false,
        in6: false,
        in7: false,
        in8: false,
      },
      outputs: { r1: false, r8: true },
      edges: null,
      boot: null,
    });
    slave.unit().inputs[0] = true;
    await until(() => board.image()?.levels["in1"] === true, "input 1");
    slave.unit().coils[1] = true;
    await until(() => board.image()?.outputs?.["r2"] === true, "relay 2");
    expect(board.reasons()).toEqual([]);
  });

  it("is repeated once a second, not at every poll", async () => {
    const slave = await startSlave();
    const board = await startBoard(slave.port, { poll_ms: 10 });
    await until(() => board.events.length === 2, "the second image");
    expect(slave.asked.filter((line) => line.startsWith("1 02")).length).toBeGreaterThan(10);
    expect(board.events[1]).toEqual(board.events[0]);
  });

  it("is as much as it has: inputs only, relays only, at addresses of their own", async () => {
    const slave = await startSlave(1, 2);
    const inputs = await startBoard(slave.port, { relays: 0, inputs: 4, input_address: 2 });
    const relays = await startBoard(slave.port, { unit: 2, inputs: 0, relays: 2, coil_address: 4 });
    slave.unit(1).inputs[2] = true;
    await until(() => inputs.image()?.levels["in1"] === true, "input 1");
    expect(inputs.image()).toMatchObject({ levels: { in1: true, in4: false }, outputs: null });
    await relays.known();
    expect(relays.image()).toMatchObject({ levels: {}, outputs: { r1: false, r2: false } });
    const command = open({ release: ["r2"], pulseMs: 200 });
    relays.board.command(command);
    expect(await relays.settled(command)).toMatchObject({ outcome: "done" });
    expect(slave.writes(2)).toEqual(["0204 0002"]);
  });

  it("leaves out a relay that was written to until it is read again", async () => {
    const slave = await startSlave();
    const board = await startBoard(slave.port);
    await board.known();
    const command = open();
    board.board.command(command);
    await board.settled(command);
    await until(() => board.image()?.outputs?.["r1"] === true, "the relay on");
    // Never did an image say that the relay is off when the board had said that it is on.
    const since = board.events.slice(board.events.findIndex(({ kind }) => kind === "outcome"));
    const told = since.flatMap((event) => (event.kind === "inputs" ? [event.outputs?.["r1"]] : []));
    expect(told).not.toContain(false);
  });
});

describe("a modbus board is lost", () => {
  it("when it does not answer, with its number; it is asked ever more rarely, and found again", async () => {
    const slave = await startSlave(1, 7);
    const site = createTestContext(createFakeBus().bus);
    const other = await startBoard(slave.port, { name: "other" }, site);
    const board = await startBoard(slave.port, { unit: 7 }, site);
    await Promise.all([other.known(), board.known()]);
    slave.unit(7).fault = "deaf";
    await board.lost();
    expect(board.reasons()).toEqual(["unit 7 does not answer (no answer in time)"]);
    const asks = (unit: number): number => slave.asked.filter((line) => line.startsWith(`${unit} 02`)).length;
    const [before, others] = [asks(7), asks(1)];
    await until(() => asks(7) > before, "one more question");
    // The other one was asked all the while, many times as often.
    expect(asks(1) - others).toBeGreaterThan(10);
    expect(other.reasons()).toEqual([]);
    slave.unit(7).fault = null;
    await board.known();
    expect(board.reasons()).toHaveLength(1);
    expect(site.warnings.filter((text) => text === "modbus board is lost")).toHaveLength(1);
    expect(site.counts.get("modbus_silent")).toBeGreaterThanOrEqual(3);
  });

  it("when it refuses to be read, with the reason", async () => {
    const slave = await startSlave();
    const board = await startBoard(slave.port);
    await board.known();
    slave.unit().fault = 2;
    await board.lost();
    expect(board.reasons()).toEqual(["unit 1 refuses (exception 2): it has no such address"]);
    slave.unit().fault = null;
    await board.known();
  });

  it("when it answers nonsense three times in a row, but not for one accident", async () => {
    let answer = "";
    const peer = await startTcpPeer((text, socket) => {
      const question = Buffer.from(text, "latin1");
      const good = Buffer.from([...question.subarray(0, 5), 4, question[6] ?? 0, question[7] ?? 0, 1, 0]);
      socket.write(answer === "" ? good : answer);
      if (answer === "once") answer = "";
    });
    cleanup.push(() => peer.down());
    const board = await startBoard(peer.port);
    await board.known();
    answer = "once";
    await until(() => answer === "", "the accident");
    const told = board.events.length;
    await until(() => board.events.length > told, "the next image");
    expect(board.reasons()).toEqual([]);
    answer = "HTTP/1.1 400 Bad Request";
    await board.lost();
    expect(board.reasons()).toEqual(["unit 1 answers nonsense: bytes that are no Modbus TCP"]);
    const refused = open();
    board.board.command(refused);
    expect(outcomesOf(board.events, refused.id)).toEqual(["refused"]);
    answer = "";
    await board.known();
  });

  it("when the line goes, at once, and is known again only from what it says then", async () => {
    const slave = await startSlave();
    const board = await startBoard(slave.port);
    await board.known();
    slave.unit().fault = "mute";
    await slave.down();
    await board.lost();
    await slave.up();
    await slave.connected();
    expect(board.image()).toBeNull();
    slave.unit().fault = null;
    await board.known();
  });

  it("from the start, when nobody is there", async () => {
    const slave = await startSlave();
    await slave.down();
    const board = await startBoard(slave.port);
    await board.lost();
    expect(board.reasons()[0]).toContain("ECONNREFUSED");
  });
});

describe("a command to a modbus board that times pulses itself", () => {
  it("is a flash of at least the length asked for, and nothing more: relays that are off are not written", async () => {
    const slave = await startSlave();
    const board = await startBoard(slave.port);
    await board.known();
    const command = open({ pulseMs: 501 });
    board.board.command(command);
    expect(await board.settled(command)).toMatchObject({ outcome: "done", detail: "repeated by the board" });
    expect(slave.writes()).toEqual(["0200 0006"]);
  });

  it("lets go of what is on, or may be, before it energises", async () => {
    const slave = await startSlave();
    const board = await startBoard(slave.port);
    slave.unit().coils[2] = true;
    await board.known();
    const first = open();
    board.board.command(first);
    await board.settled(first);
    expect(slave.writes()).toEqual(["0002 0000", "0200 0005"]);
    const close = open({ relay: "r2", release: ["r1", "r3"] });
    board.board.command(close);
    await board.settled(close);
    expect(slave.writes().slice(2)).toContain("0000 0000");
    expect(slave.writes().at(-1)).toBe("0201 0005");
  });

  it("is not misled by relays that were read before it was carried out", async () => {
    const slave = await startSlave();
    const board = await startBoard(slave.port, { poll_ms: 500, answer_ms: 2_000, stale_after_ms: 10_000 });
    await board.known();
    slave.unit().slow = 1;
    const reads = slave.asked.length;
    await until(() => slave.asked.slice(reads).some((line) => line.startsWith("1 01")), "the reading");
    const first = open();
    board.board.command(first);
    slave.unit().slow = null;
    slave.giveOut();
    await board.settled(first);
    // Not read since: the relay that the first one switched on must be let go of.
    const second = open({ relay: "r2", release: ["r1", "r3"] });
    board.board.command(second);
    await board.settled(second);
    expect(slave.writes()).toEqual(["0200 0005", "0000 0000", "0201 0005"]);
  });

  it("is refused where the board has no flash, and says what to set", async () => {
    const slave = await startSlave();
    const board = await startBoard(slave.port);
    await board.known();
    // Exceptions would make the board lost in time: a command comes before that.
    slave.unit().fault = 2;
    const command = open();
    board.board.command(command);
    expect(await board.settled(command)).toMatchObject({
      outcome: "refused",
      detail:
        'unit 1 refuses (exception 2): it has no such address; a board that times no pulses needs "pulse: host"',
    });
  });

  it.each([
    ["no relay of this board", { relay: "r9" }],
    ["no name of a relay", { relay: "open1" }],
    ["a relay to let go of that is none", { release: ["r0"] }],
    ["its deadline", { deadlineMs: 0 }],
  ])("is refused without a word on the line for %s", async (_what, wrong) => {
    const slave = await startSlave();
    const board = await startBoard(slave.port);
    await board.known();
    const command = open(wrong);
    board.board.command(command);
    expect(outcomesOf(board.events, command.id)).toEqual(["refused"]);
    expect(slave.writes()).toEqual([]);
  });

  it("is refused before the board is known", async () => {
    const slave = await startSlave();
    slave.unit().fault = "mute";
    const board = await startBoard(slave.port);
    const command = open();
    board.board.command(command);
    expect(outcomesOf(board.events, command.id)).toEqual(["refused"]);
  });

  it("is silent without an answer, and sent once", async () => {
    const slave = await startSlave();
    const board = await startBoard(slave.port);
    await board.known();
    slave.unit().lost.add("0200 0005");
    const command = open();
    board.board.command(command);
    expect(await board.settled(command)).toMatchObject({ outcome: "silent" });
    await until(() => board.image()?.outputs?.["r1"] === true, "the relay read back");
    expect(slave.writes()).toEqual(["0200 0005"]);
  });

  it("is silent when the line goes, and never sent on the next one", async () => {
    const slave = await startSlave();
    const board = await startBoard(slave.port, { answer_ms: 2_000, stale_after_ms: 10_000 });
    await board.known();
    slave.unit().lost.add("0200 0005");
    const command = open();
    board.board.command(command);
    await until(() => slave.writes().length === 1, "the command");
    slave.hangUp();
    expect(await board.settled(command)).toMatchObject({ outcome: "silent" });
    await until(() => slave.accepted() === 2, "the line again");
    await board.known();
    expect(slave.writes()).toEqual(["0200 0005"]);
  });

  it("that only lets go is done when all are off", async () => {
    const slave = await startSlave();
    slave.unit().coils[0] = true;
    const board = await startBoard(slave.port);
    await board.known();
    const stop = open({ relay: null, release: ["r1", "r2", "r3"] });
    board.board.command(stop);
    expect(await board.settled(stop)).toMatchObject({ outcome: "done" });
    expect(slave.writes()).toEqual(["0000 0000"]);
  });

  it("that waits when the driver stops gets its outcome before that is over", async () => {
    const slave = await startSlave();
    const board = await startBoard(slave.port);
    await board.known();
    slave.unit().fault = "mute";
    const command = open();
    board.board.command(command);
    await board.board.stop();
    expect(outcomesOf(board.events, command.id)).toEqual(["silent"]);
  });
});

describe("a command to a modbus board whose pulses we time", () => {
  it("is on, then off when its time is over", async () => {
    const slave = await startSlave();
    const board = await startBoard(slave.port, HOST);
    await board.known();
    const command = open({ pulseMs: 100 });
    const begunMs = performance.now();
    board.board.command(command);
    expect(await board.settled(command)).toMatchObject({ outcome: "done" });
    await until(() => slave.writes().length === 2, "the end of the pulse");
    expect(slave.writes()).toEqual(["0000 ff00", "0000 0000"]);
    expect(performance.now() - begunMs).toBeGreaterThanOrEqual(100);
    await until(() => board.image()?.outputs?.["r1"] === false, "the relay read back");
  });

  it("is ended again and again until the board says so; till then the board is lost", async () => {
    const slave = await startSlave();
    const board = await startBoard(slave.port, HOST);
    await board.known();
    slave.unit().lost.add("0000 0000");
    const command = open({ pulseMs: 50 });
    board.board.command(command);
    await board.lost();
    expect(board.reasons()).toEqual([
      "relay r1 cannot be switched off: unit 1 does not answer (no answer in time)",
    ]);
    const asked = slave.asked.length;
    await until(() => slave.asked.length > asked + 5, "further polls");
    expect(board.image()).toBeNull();
    slave.unit().lost.clear();
    await board.known();
    expect(board.site.warnings).toEqual(["relay cannot be switched off"]);
  });

  it("that the line cut short is ended when the line is back, before anything else is believed", async () => {
    const slave = await startSlave();
    const board = await startBoard(slave.port, HOST);
    await board.known();
    const command = open({ pulseMs: 60_000 });
    board.board.command(command);
    await board.settled(command);
    await slave.down();
    await board.lost();
    expect(slave.unit().coils[0]).toBe(true);
    await slave.up();
    await board.known();
    expect(slave.unit().coils[0]).toBe(false);
    expect(slave.writes()).toEqual(["0000 ff00", "0000 0000"]);
  });

  it("that an agent left behind when it died is ended by the next one", async () => {
    const slave = await startSlave();
    slave.unit().coils[3] = true;
    const board = await startBoard(slave.port, HOST);
    await board.known();
    expect(board.image()?.outputs?.["r4"]).not.toBe(true);
    expect(slave.writes()).toEqual(["0003 0000"]);
    expect(board.site.warnings).toEqual(["relays were left on: letting go"]);
  });

  it("is ended before the driver stops", async () => {
    const slave = await startSlave();
    const board = await startBoard(slave.port, HOST);
    await board.known();
    const command = open({ pulseMs: 60_000 });
    board.board.command(command);
    await board.settled(command);
    await board.board.stop();
    expect(slave.unit().coils[0]).toBe(false);
  });
});

describe("configuration of a modbus board", () => {
  const board = { name: "entry-board", driver: "modbus", serial: "/dev/ttyUSB0" };
  it.each([
    ["a serial port", {}],
    ["Modbus TCP", { serial: undefined, tcp: "10.0.0.5:502", unit: 0 }],
    ["a serial server", { serial: undefined, tcp: "10.0.0.5:4196", framing: "rtu" }],
    ["a factory address of 255", { unit: 255, pulse: "host" }],
  ])("takes %s", (_what, more) => {
    expect(modbusBoardConfigSchema.safeParse({ ...board, ...more }).success).toBe(true);
  });
  it.each([
    ["no line", { serial: undefined }],
    ["the address of all units", { unit: 0 }],
    ["neither relays nor inputs", { relays: 0, inputs: 0 }],
    ["a limit that one lost answer breaks", { poll_ms: 500, answer_ms: 500, stale_after_ms: 1_000 - 1 }],
    ["a pulse that nobody times", { pulse: "never" }],
  ])("refuses %s", (_what, more) => {
    expect(modbusBoardConfigSchema.safeParse({ ...board, ...more }).success).toBe(false);
  });
});
