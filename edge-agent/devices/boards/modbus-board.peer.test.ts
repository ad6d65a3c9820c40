import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { BoardEvent } from "../ports.ts";
import { createFakeBus, createTestContext, openCommand, outcomesOf } from "../testing/context.ts";
import { freePort, runProgram, startProgram, untilListening } from "../testing/programs.ts";
import { createSerialCable, type SerialCable } from "../testing/serial-cable.ts";
import { until } from "../testing/until.ts";
import { createModbusBoard, modbusBoardConfigSchema } from "./modbus-board.ts";
import { startSimDevice } from "../testing/sim-device.ts";

/**
 * The driver against boards that others wrote: pymodbus and libmodbus, over TCP and over a serial line; and against
 * the simulated board, which can do more and worse than those.
 */

const cleanup: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of cleanup.splice(0).toReversed()) await end();
});

const PYTHON = "/usr/bin/python3";
let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "parkme-modbus-"));
  const source = join(import.meta.dirname, "modbus-libmodbus.c");
  await runProgram("gcc", ["-O1", "-Wall", "-Werror", "-o", join(folder, "board"), source, "-lmodbus"]);
});
afterAll(() => rm(folder, { recursive: true }));

async function layCable(): Promise<SerialCable> {
  const cable = await createSerialCable();
  cleanup.push(cable.remove);
  await cable.plugIn();
  return cable;
}

async function run(command: string, args: readonly string[]): Promise<() => Promise<void>> {
  const program = startProgram(command, args);
  cleanup.push(program.stop);
  const begun = (): boolean => program.output().includes("ready") || program.exitCode() !== null;
  await until(begun, `${command} to begin`, 30_000);
  if (program.exitCode() !== null) throw new Error(`${command} does not run: ${program.output()}`);
  return program.stop;
}

type Site = ReturnType<typeof createTestContext>;
const newSite = (): Site => createTestContext(createFakeBus().bus);

async function startBoard(line: object, site: Site = newSite()) {
  const config = { name: "entry-board", driver: "modbus", poll_ms: 20, ...line };
  const events: BoardEvent[] = [];
  const board = createModbusBoard(modbusBoardConfigSchema.parse(config), site.context);
  cleanup.push(() => board.stop());
  await board.start((event) => events.push(event));
  const last = (): BoardEvent | undefined => events.findLast(({ kind }) => kind !== "outcome");
  const image = () => {
    const event = last();
    return event?.kind === "inputs" ? event : null;
  };
  return {
    board,
    events,
    image,
    known: () => until(() => image() !== null, "the inputs", 30_000),
    lost: () => until(() => last()?.kind === "lost", "the loss", 30_000),
    input: (name: string, on: boolean) => until(() => image()?.levels[name] === on, `${name} to be ${on}`),
    reasons: () => events.flatMap((event) => (event.kind === "lost" ? [event.reason] : [])),
    async pulse(relay: string, pulseMs = 300, release: readonly string[] = ["r2", "r3"]) {
      const command = openCommand({ relay, release, pulseMs, deadlineMs: performance.now() + 5_000 });
      const begunMs = performance.now();
      board.command(command);
      await until(() => outcomesOf(events, command.id).length > 0, "the outcome");
      const found = events.find((event) => event.kind === "outcome" && event.commandId === command.id);
      return {
        outcome: found as Extract<BoardEvent, { kind: "outcome" }>,
        tookMs: performance.now() - begunMs,
      };
    },
  };
}

const LEVELS = {
  in1: false,
  in2: false,
  in3: false,
  in4: false,
  in5: true,
  in6: false,
  in7: false,
  in8: true,
};
const HOST = { pulse: "host" };

/** What every board must do that follows the standard. */
async function provesItself(line: object, site: Site): Promise<void> {
  const board = await startBoard({ ...line, ...HOST }, site);
  await board.known();
  expect(board.image()).toMatchObject({ levels: LEVELS, outputs: { r1: false, r8: false } });
  const { outcome, tookMs } = await board.pulse("r1");
  console.log(`command to answer: ${tookMs.toFixed(1)} ms (${JSON.stringify(line)})`);
  expect(outcome).toMatchObject({ outcome: "done" });
  await board.input("in1", true);
  expect(board.image()?.outputs?.["r1"]).not.toBe(false);
  await board.input("in1", false);
  await until(() => board.image()?.outputs?.["r1"] === false, "the relay read back");
  expect(board.reasons()).toEqual([]);
}

/** A board of the standard has no flash: the driver hears exception 2 or 3, and says what to set. */
async function knowsNoFlash(line: object, site: Site): Promise<void> {
  const board = await startBoard(line, site);
  await board.known();
  const { outcome } = await board.pulse("r1");
  expect(outcome.outcome).toBe("refused");
  expect(outcome.detail).toMatch(/exception 2.*no such address.*"pulse: host"/);
  // An address it does not have.
  const beyond = await startBoard({ ...line, name: "beyond", input_address: 4 }, site);
  await beyond.lost();
  expect(beyond.reasons()).toEqual([expect.stringContaining("(exception 2): it has no such address")]);
}

async function isNotThere(line: object, site: Site): Promise<void> {
  const board = await startBoard({ ...line, unit: 9, answer_ms: 100 }, site);
  await board.lost();
  expect(board.reasons()).toEqual([expect.stringMatching(/^unit 9 does not answer/)]);
}

describe("a modbus board on pymodbus", () => {
  const script = join(import.meta.dirname, "modbus-pymodbus.py");

  it("works over Modbus TCP", async () => {
    const port = await freePort();
    await run(PYTHON, [script, "tcp", String(port)]);
    await untilListening(port, "pymodbus");
    const [line, site] = [{ tcp: `127.0.0.1:${port}` }, newSite()];
    await provesItself(line, site);
    await knowsNoFlash({ ...line, unit: 5 }, site);
    await isNotThere(line, site);
  });

  it("works on a serial line", async () => {
    const cable = await layCable();
    await run(PYTHON, [script, "rtu", cable.far]);
    const [line, site] = [{ serial: cable.near }, newSite()];
    await provesItself(line, site);
    await knowsNoFlash({ ...line, unit: 5 }, site);
    await isNotThere(line, site);
  });
});

describe("a modbus board on libmodbus", () => {
  it("works over Modbus TCP", async () => {
    const port = await freePort();
    await run(join(folder, "board"), ["tcp", String(port)]);
    // It serves one connection at a time: all boards share it.
    const [line, site] = [{ tcp: `127.0.0.1:${port}` }, newSite()];
    await provesItself(line, site);
    await knowsNoFlash(line, site);
  });

  it("works on a serial line", async () => {
    const cable = await layCable();
    await run(join(folder, "board"), ["rtu", cable.far, "1"]);
    const [line, site] = [{ serial: cable.near }, newSite()];
    await provesItself(line, site);
    await knowsNoFlash(line, site);
    await isNotThere(line, site);
  });

  it("is lost when its adapter is unplugged, and comes back with it", async () => {
    const cable = await layCable();
    const stopServer = await run(join(folder, "board"), ["rtu", cable.far, "1"]);
    const board = await startBoard({ serial: cable.near, ...HOST });
    await board.known();
    await cable.unplug();
    await board.lost();
    expect((await board.pulse("r1")).outcome.outcome).toBe("refused");
    // The port of libmodbus is gone, too; the board itself is a new one.
    await stopServer();
    await cable.plugIn();
    await run(join(folder, "board"), ["rtu", cable.far, "1"]);
    await board.known();
    expect(board.image()).toMatchObject({ levels: LEVELS });
    expect((await board.pulse("r1")).outcome.outcome).toBe("done");
    await board.input("in1", true);
  });
});

type SimDevice = Awaited<ReturnType<typeof startSimDevice>>;

describe("a simulated modbus board", () => {
  async function simulate(...args: string[]): Promise<SimDevice> {
    const device = await startSimDevice("modbus", args);
    cleanup.push(device.stop);
    return device;
  }

  async function simulateSerial(settings: readonly string[] = []) {
    const cable = await layCable();
    const device = await simulate("--serial", cable.far, ...settings.flatMap((each) => ["--set", each]));
    return { cable, device };
  }

  it("works over Modbus TCP, and through a serial server", async () => {
    for (const framing of ["tcp", "rtu"]) {
      const device = await simulate("--listen", "127.0.0.1:0", "--set", `framing=${framing}`);
      const board = await startBoard({ tcp: `127.0.0.1:${String(device.port)}`, framing });
      await board.known();
      await device.tell("input in3 on");
      await board.input("in3", true);
      expect((await board.pulse("r2", 300, ["r1"])).outcome.outcome).toBe("done");
      await until(() => device.moves("r2").length === 2, "the pulse of the board's own");
      expect(device.moves("r2")).toEqual([true, false]);
    }
  });

  it("works on a serial line of real speed; a pulse is the board's, and the agent may be gone", async () => {
    const { cable, device } = await simulateSerial(["paced=on"]);
    const board = await startBoard({ serial: cable.near });
    await board.known();
    expect((await board.pulse("r1", 500)).outcome.outcome).toBe("done");
    await board.board.stop();
    await until(() => device.moves("r1").length === 2, "the end of the pulse");
  });

  it("whose adapter is unplugged in the middle of a pulse is told its end when it is back", async () => {
    const { cable, device } = await simulateSerial();
    const board = await startBoard({ serial: cable.near, ...HOST });
    await board.known();
    expect((await board.pulse("r4", 60_000)).outcome.outcome).toBe("done");
    await cable.unplug();
    await board.lost();
    await cable.plugIn();
    await board.known();
    expect(device.moves("r4")).toEqual([true, false]);
  });

  it("is one of several units on a line: one that is dead does not stop the others", async () => {
    const { cable, device } = await simulateSerial(["unit=1-3"]);
    const site = newSite();
    const boards = await Promise.all(
      [1, 2, 3].map((unit) => startBoard({ name: `board-${unit}`, unit, serial: cable.near }, site)),
    );
    const [first, second, third] = boards;
    if (first === undefined || second === undefined || third === undefined) throw new Error("no boards");
    await Promise.all(boards.map((board) => board.known()));
    await device.tell("input 2.in1 on");
    await second.input("in1", true);
    expect([first, third].map((board) => board.image()?.levels["in1"])).toEqual([false, false]);

    await device.tell("unplug 2 on");
    await second.lost();
    expect(second.reasons()).toEqual([expect.stringMatching(/^unit 2 does not answer/)]);
    await device.tell("input 3.in8 on");
    await third.input("in8", true);
    expect((await first.pulse("r1")).outcome.outcome).toBe("done");
    expect([...first.reasons(), ...third.reasons()]).toEqual([]);

    await device.tell("unplug 2 off");
    await second.known();
  });

  it.each([
    ["bytes that are not from unit 1 (first 0x02)", "wrongunit on", "wrongunit off"],
    ["an answer with a wrong checksum", "spoil 1000", "spoil 0"],
    ["an answer that breaks off", "cut 1000", "cut 0"],
    ["the line sends back what is said on it", "echo on", "echo off"],
  ])("that says %s is lost for that reason, until it stops", async (reason, begin, end) => {
    const { cable, device } = await simulateSerial();
    const board = await startBoard({ serial: cable.near });
    await board.known();
    await device.tell(begin);
    await board.lost();
    expect(board.reasons()).toEqual([`unit 1 answers nonsense: ${reason}`]);
    expect((await board.pulse("r1")).outcome.outcome).toBe("refused");
    expect(device.moves("r1")).toEqual([]);
    await device.tell(end);
    await board.known();
  });

  it("survives garbage between its answers, and answers that come too late", async () => {
    const { cable, device } = await simulateSerial();
    const board = await startBoard({ serial: cable.near, answer_ms: 100 });
    await board.known();
    for (let i = 0; i < 20; i++) await device.tell("garbage");
    await device.tell("input in1 on");
    await board.input("in1", true);
    expect(board.reasons()).toEqual([]);
    await device.tell("delay 150");
    await board.lost();
    expect(board.reasons()[0]).toMatch(
      /^unit 1 (does not answer|answers nonsense: an answer to another question)/,
    );
    await device.tell("delay 0");
    await device.tell("input in1 off");
    await board.input("in1", false);
  });

  it("that reboots in the middle of a pulse has let go, and is known again", async () => {
    const { cable, device } = await simulateSerial();
    const board = await startBoard({ serial: cable.near });
    await board.known();
    await board.pulse("r1", 2_000);
    await device.tell("reboot");
    expect(device.moves("r1")).toEqual([true, false]);
    await until(() => board.image()?.outputs?.["r1"] === false, "the relay read back");
  });

  it("with a relay that cannot be switched off is lost, and says which", async () => {
    const { cable, device } = await simulateSerial();
    const board = await startBoard({ serial: cable.near, ...HOST, answer_ms: 50 });
    await board.known();
    expect((await board.pulse("r1", 100)).outcome.outcome).toBe("done");
    await device.tell("exception 4");
    await board.lost();
    expect(board.reasons()[0]).toMatch(/relay r1 cannot be switched off|unit 1 refuses \(exception 4\)/);
    await device.tell("exception off");
    await board.known();
    await until(() => device.moves("r1").length === 2, "the end of the pulse");
  });

  it("reads back a relay that does not move", async () => {
    const { cable, device } = await simulateSerial();
    const board = await startBoard({ serial: cable.near });
    await board.known();
    await device.tell("hold r1 off");
    expect((await board.pulse("r1")).outcome.outcome).toBe("done");
    await until(() => board.image()?.outputs?.["r1"] === false, "the relay read back");
    expect(device.moves("r1")).toEqual([]);
  });

  it("opens ahead of three other boards' polls on a line of 9600 baud", async () => {
    const { cable, device } = await simulateSerial(["unit=1-4", "paced=on"]);
    const site = newSite();
    const boards = await Promise.all(
      [1, 2, 3, 4].map((unit) =>
        startBoard({ name: `board-${unit}`, unit, serial: cable.near, poll_ms: 10 }, site),
      ),
    );
    await Promise.all(boards.map((board) => board.known()));
    const [first] = boards;
    if (first === undefined) throw new Error("no boards");
    const took: number[] = [];
    for (let i = 0; i < 10; i++) {
      const { outcome, tookMs } = await first.pulse("r1", 100, []);
      expect(outcome.outcome).toBe("done");
      took.push(tookMs);
      await until(() => device.moves("r1").length === 2 * (i + 1), "the end of the pulse");
    }
    // A poll that has begun ends first (22 ms), then the command and its answer (24 ms); a whole round takes 175 ms.
    console.log(`command to answer at 9600 baud, 4 boards: ${took.map((ms) => ms.toFixed(0)).join(" ")} ms`);
    expect(Math.min(...took)).toBeLessThan(120);
  });
});
