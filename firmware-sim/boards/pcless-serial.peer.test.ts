import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SerialPort } from "serialport";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createPclessBoard, type PclessBoard } from "./pcless-board.ts";
import { openSerial, type BytePort } from "../transports/byte-wires.ts";

/** Over a pair of pseudo terminals made by socat (Debian package `socat`). */

const WITHIN = { timeout: 20_000, interval: 10 };
let folder = "";
let socat: ChildProcess | undefined;
let board: PclessBoard;
let port: BytePort;

async function startCable(): Promise<void> {
  const ends = ["board", "agent"].map((name) => `pty,raw,echo=0,link=${join(folder, name)}`);
  const cable = spawn("socat", ends, { stdio: "ignore" });
  const failed = new Promise<never>((_resolve, reject) => {
    cable.once("error", (error) =>
      reject(new Error(`socat does not start (Debian: apt-get install socat): ${error}`)),
    );
  });
  socat = cable;
  const made = vi.waitUntil(
    () => existsSync(join(folder, "board")) && existsSync(join(folder, "agent")),
    WITHIN,
  );
  await Promise.race([made, failed]);
}

async function stopCable(): Promise<void> {
  const cable = socat;
  if (cable === undefined || cable.exitCode !== null || cable.signalCode !== null) return;
  const closed = new Promise((resolve) => cable.once("close", resolve));
  cable.kill();
  await closed;
}

/** The other end of the cable: asks until the board answers. */
async function ask(command: string): Promise<string> {
  const line = new SerialPort({ path: join(folder, "agent"), baudRate: 9_600 });
  let received = "";
  line.on("data", (chunk: Buffer) => (received += chunk.toString("latin1")));
  line.on("error", () => {});
  try {
    await vi.waitUntil(
      () => {
        if (received === "" && line.isOpen) line.write(command);
        return received.endsWith("#");
      },
      { timeout: 20_000, interval: 100 },
    );
  } finally {
    if (line.isOpen) await new Promise<void>((resolve) => line.close(() => resolve()));
  }
  return received;
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "parkme-tty-"));
  await startCable();
  board = createPclessBoard({ framing: "star" });
  port = openSerial(board, { path: join(folder, "board") });
});
afterEach(async () => {
  await port.stop();
  board.stop();
  await stopCable();
  rmSync(folder, { recursive: true, force: true });
});

describe("a PCLess board on a serial line", () => {
  it("answers", async () => {
    expect(await ask("*STAT#")).toMatch(/^(\*STAT000000000#)+$/);
  });

  it("opens its line again after the line went away", async () => {
    await ask("*PING#");
    await stopCable();
    await startCable();
    expect(await ask("*PING#")).toMatch(/^(\*PINGOK#)+$/);
  });
});
