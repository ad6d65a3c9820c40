import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { existsSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import type { BoardEvent } from "../ports.ts";
import { createFakeBus, createTestContext, openCommand, outcomesOf } from "../testing/context.ts";
import { startPclessController } from "../testing/pcless-controller.ts";
import { type RunningProgram, startProgram } from "../testing/programs.ts";
import { until } from "../testing/until.ts";
import { createPclessBoard, pclessBoardConfigSchema } from "./pcless-board.ts";
import { layCable, startSimDevice } from "../testing/sim-device.ts";

const cleanup: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of cleanup.splice(0).toReversed()) await end();
});

/** A controller on a serial port of this machine (a pseudo-terminal of socat), and its driver. */
async function startSite() {
  const controller = await startPclessController();
  cleanup.push(controller.stop);
  const folder = await mkdtemp(join(tmpdir(), "parkme-serial-"));
  cleanup.push(() => rm(folder, { recursive: true }));
  const serial = join(folder, "ttyGate");
  let adapter: RunningProgram | null = null;
  const unplug = async (): Promise<void> => {
    await adapter?.stop();
    adapter = null;
  };
  const plugIn = async (): Promise<void> => {
    adapter = startProgram("socat", [
      `pty,raw,echo=0,link=${serial}`,
      `tcp:127.0.0.1:${controller.port},nodelay`,
    ]);
    await until(() => existsSync(serial), `the serial port; socat said: ${adapter?.output()}`);
  };
  cleanup.push(unplug);

  const { context, counts } = createTestContext(createFakeBus().bus);
  const config = { name: "exit-board", driver: "pcless", serial, framing: "star", poll_ms: 100 };
  const events: BoardEvent[] = [];
  const board = createPclessBoard(pclessBoardConfigSchema.parse(config), context);
  cleanup.push(() => board.stop());
  await board.start((event) => events.push(event));
  return {
    controller,
    board,
    events,
    counts,
    plugIn,
    unplug,
    known: () => until(() => events.at(-1)?.kind === "inputs", "the inputs"),
    lost: () => until(() => events.findLast(({ kind }) => kind !== "outcome")?.kind === "lost", "the loss"),
  };
}

describe("a pcless board on a serial port", () => {
  it("is found when it is plugged in, obeys, and reports its inputs", async () => {
    const { controller, board, events, plugIn, lost, known } = await startSite();
    await lost();
    await plugIn();
    await known();
    controller.say("*IN4ON#");
    await until(() => {
      const last = events.at(-1);
      return last?.kind === "inputs" && last.levels["in4"] === true;
    }, "input 4");
    const command = openCommand();
    const begunMs = performance.now();
    board.command(command);
    await until(() => outcomesOf(events, command.id).length > 0, "the outcome");
    console.log(`command to answer through a serial port: ${(performance.now() - begunMs).toFixed(1)} ms`);
    expect(outcomesOf(events, command.id)).toEqual(["done"]);
  });

  it("is lost when it is unplugged, and comes back without a command being sent twice", async () => {
    const { controller, board, events, plugIn, unplug, lost, known } = await startSite();
    await plugIn();
    await known();
    controller.deaf.add("OPEN1");
    const command = openCommand();
    board.command(command);
    await until(() => controller.count("OPEN1") === 1, "the command");
    await unplug();
    await lost();
    expect(outcomesOf(events, command.id)).toEqual(["silent"]);
    const refused = openCommand();
    board.command(refused);
    expect(outcomesOf(events, refused.id)).toEqual(["refused"]);
    controller.deaf.clear();
    await plugIn();
    await known();
    const next = openCommand();
    board.command(next);
    await until(() => outcomesOf(events, next.id).length > 0, "the outcome");
    expect(outcomesOf(events, next.id)).toEqual(["done"]);
    expect(controller.count("OPEN1")).toBe(2);
  });

  it("is reopened until it answers again", async () => {
    const { controller, events, plugIn, lost, known } = await startSite();
    await plugIn();
    await known();
    controller.deaf.add("STAT");
    await lost();
    expect(events).toContainEqual({ kind: "lost", reason: "no status from the board for 2 s" });
    controller.deaf.clear();
    await known();
  });
});

/** A simulated controller as a program of its own on a cable, and its driver. */
async function startSimulated(framing: "a6a9" | "star") {
  const cable = await layCable();
  cleanup.push(cable.remove);
  await cable.plugIn();
  const device = await startSimDevice("pcless", ["--serial", cable.device, "--set", `framing=${framing}`]);
  cleanup.push(device.stop);
  const { context } = createTestContext(createFakeBus().bus);
  const config = { name: "exit-board", driver: "pcless", serial: cable.agent, framing, poll_ms: 100 };
  const events: BoardEvent[] = [];
  const board = createPclessBoard(pclessBoardConfigSchema.parse(config), context);
  cleanup.push(() => board.stop());
  await board.start((event) => events.push(event));
  const last = () => events.findLast(({ kind }) => kind === "inputs" || kind === "lost");
  return {
    cable,
    device,
    board,
    events,
    image: () => events.findLast((event) => event.kind === "inputs"),
    known: () => until(() => last()?.kind === "inputs", "the inputs"),
    lost: () => until(() => last()?.kind === "lost", "the loss"),
  };
}

describe.each(["a6a9", "star"] as const)("a simulated pcless board with framing %s", (framing) => {
  it("pulses its relays, reads them back, and tells of inputs and cards", async () => {
    const { device, board, events, image, known } = await startSimulated(framing);
    await known();
    const command = openCommand({ deadlineMs: performance.now() + 5_000 });
    board.command(command);
    await until(() => image()?.outputs?.["open1"] === true, "the relay to be read back as on");
    expect(outcomesOf(events, command.id)).toEqual(["done"]);
    await until(() => image()?.outputs?.["open1"] === false, "the relay to be read back as off");
    expect(device.moves("out1")).toEqual([true, false]);
    await device.tell("input in4 on");
    await until(() => image()?.levels["in4"] === true, "input 4");
    await device.tell("card 12345678");
    await until(() => events.some(({ kind }) => kind === "card"), "the card");
    expect(events).toContainEqual({ kind: "card", reader: "w1", card: "12345678" });
  });

  it("survives noise, half frames and its own echo, and is lost when it is silent", async () => {
    const { device, board, events, known, lost } = await startSimulated(framing);
    await known();
    for (const deed of ["cut 3", "garbage", "echo on"]) await device.tell(deed);
    const heard = events.length;
    await until(() => events.length > heard + 3, "good frames");
    const command = openCommand({ deadlineMs: performance.now() + 5_000 });
    board.command(command);
    await until(() => outcomesOf(events, command.id).length > 0, "the outcome");
    expect(outcomesOf(events, command.id)).toEqual(["done"]);
    expect(events.some(({ kind }) => kind === "lost" || kind === "card")).toBe(false);
    await device.tell("silence on");
    await lost();
    await device.tell("silence off");
    await known();
    await device.tell("reboot");
    await until(() => events.findLast(({ kind }) => kind !== "outcome")?.kind === "inputs", "the inputs");
  });
});
