import { execFile, spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { SimDevice, Wire } from "../devices/device.ts";
import { modbusKind } from "./modbus-device.ts";

/** The simulated boards as mbpoll sees them (Debian packages `mbpoll`, `socat`). */

const WITHIN = { timeout: 20_000, interval: 10 };
const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});

async function startDevice(wire: Wire, settings: Record<string, string> = {}): Promise<SimDevice> {
  const device = await modbusKind.start({ wire, name: "modbus", settings, say: () => {} });
  stops.push(device.stop);
  return device;
}

function stopProgram(program: ChildProcess): Promise<unknown> {
  if (program.exitCode !== null || program.signalCode !== null) return Promise.resolve();
  const closed = new Promise((resolve) => program.once("close", resolve));
  program.kill();
  return closed;
}

/** Two ends of a serial line: of the board, and of mbpoll. */
async function startCable(): Promise<{ readonly board: string; readonly master: string }> {
  const folder = mkdtempSync(join(tmpdir(), "parkme-tty-"));
  stops.push(() => rmSync(folder, { recursive: true, force: true }));
  const [board, master] = [join(folder, "board"), join(folder, "master")];
  const ends = [board, master].map((path) => `pty,raw,echo=0,link=${path}`);
  const socat = spawn("socat", ends, { stdio: "ignore" });
  stops.push(() => stopProgram(socat));
  await vi.waitUntil(() => existsSync(board) && existsSync(master), WITHIN);
  return { board, master };
}

/** One run of mbpoll: the levels that it read, by address, or what it said when it failed. */
async function mbpoll(...args: string[]): Promise<Record<string, string> | string> {
  try {
    const { stdout } = await promisify(execFile)("mbpoll", ["-0", "-1", "-o", "1", ...args]);
    return Object.fromEntries(
      [...stdout.matchAll(/^\[(\d+)\]:\s+(\d)$/gm)].map(([, at, level]) => [at, level]),
    );
  } catch (error) {
    return error instanceof Error && "stderr" in error ? String(error.stderr) : String(error);
  }
}

const COILS = ["-t", "0"];
const INPUTS = ["-t", "1"];

describe("mbpoll", () => {
  it("reads and writes a board over Modbus TCP", async () => {
    const device = await startDevice({ kind: "listen", host: "127.0.0.1", port: 0 }, { unit: "1-2" });
    const at = (unit: number): string[] => ["-m", "tcp", "-p", String(device.port), "-a", String(unit)];
    device.deeds["input"]?.run(["2.in3", "on"]);
    expect(await mbpoll(...at(2), ...INPUTS, "-r", "0", "-c", "4", "127.0.0.1")).toEqual({
      0: "0",
      1: "0",
      2: "1",
      3: "0",
    });
    await mbpoll(...at(1), ...COILS, "-r", "4", "127.0.0.1", "1");
    await mbpoll(...at(1), ...COILS, "-r", "0", "127.0.0.1", "1", "0", "1");
    expect(device.state()).toMatchObject({
      relays: { "1.r1": true, "1.r2": false, "1.r3": true, "1.r5": true, "2.r1": false },
      asked: { "1.fc5": 1, "1.fc15": 1, "2.fc2": 1 },
    });
    expect(await mbpoll(...at(1), ...COILS, "-r", "0", "-c", "8", "127.0.0.1")).toMatchObject({
      0: "1",
      1: "0",
      2: "1",
      4: "1",
      7: "0",
    });
  });

  it("reads and writes a board on a serial line", async () => {
    const { board, master } = await startCable();
    const device = await startDevice({ kind: "serial", path: board, baud: 9_600 }, { unit: "17" });
    const line = ["-m", "rtu", "-b", "9600", "-P", "none", "-a", "17"];
    device.deeds["input"]?.run(["in8", "on"]);
    await vi.waitUntil(
      async () => typeof (await mbpoll(...line, ...INPUTS, "-r", "0", "-c", "8", master)) === "object",
      WITHIN,
    );
    expect(await mbpoll(...line, ...INPUTS, "-r", "6", "-c", "2", master)).toEqual({ 6: "0", 7: "1" });
    await mbpoll(...line, ...COILS, "-r", "1", master, "1");
    expect(device.state()).toMatchObject({ relays: { r1: false, r2: true, r3: false } });
    await mbpoll(...line, ...COILS, "-r", "1", master, "0");
    expect(device.state()).toMatchObject({ relays: { r2: false } });
  });

  it("hears exceptions, nothing from other units, and a wrong checksum for what it is", async () => {
    const { board, master } = await startCable();
    const device = await startDevice({ kind: "serial", path: board, baud: 9_600 }, { paced: "on" });
    const line = ["-m", "rtu", "-b", "9600", "-P", "none"];
    await vi.waitUntil(
      async () => typeof (await mbpoll(...line, "-a", "1", ...COILS, "-r", "0", master)) === "object",
      WITHIN,
    );
    expect(await mbpoll(...line, "-a", "1", ...COILS, "-r", "5", "-c", "4", master)).toContain(
      "Illegal data address",
    );
    expect(await mbpoll(...line, "-a", "1", "-t", "4", "-r", "0", master)).toContain("Illegal function");
    expect(await mbpoll(...line, "-a", "2", ...COILS, "-r", "0", master)).toContain("Connection timed out");
    device.deeds["spoil"]?.run(["1"]);
    expect(await mbpoll(...line, "-a", "1", ...COILS, "-r", "0", master)).toContain("Invalid CRC");
    expect(await mbpoll(...line, "-a", "1", ...COILS, "-r", "0", master)).toEqual({ 0: "0" });
  });
});
