import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { existsSync } from "node:fs";
import { ROOT, type Programs } from "./gate-run.ts";

/** Milliseconds it takes to ask 64 points on one Modbus line once, and the least the line itself needs for the bytes. */
export type ModbusCycle = { readonly cycleMs: number; readonly cycleP99Ms: number; readonly lineMs: number };

const BAUD = "9600";

/** Four simulated boards on one paced line of a PTY pair, polled by the drivers alone. */
export async function measureModbus({ folder }: Programs, seconds: number): Promise<ModbusCycle> {
  const [near, far] = [join(folder, "modbus-near"), join(folder, "modbus-far")];
  const socat = spawn(
    "socat",
    [near, far].map((path) => `pty,raw,echo=0,link=${path}`),
    { stdio: "ignore" },
  );
  while (!existsSync(near) || !existsSync(far)) await sleep(20);
  const settings = ["--set", "unit=1-4", "--set", "paced=on"];
  const device = spawn(
    process.execPath,
    [
      join(ROOT, "dist/firmware-sim/main.mjs"),
      "device",
      "modbus",
      "--serial",
      far,
      "--baud",
      BAUD,
      ...settings,
    ],
    { stdio: ["pipe", "pipe", "inherit"] },
  );
  try {
    await once(createInterface({ input: device.stdout }), "line");
    return await poll(near, seconds);
  } finally {
    device.kill("SIGTERM");
    await once(device, "exit");
    socat.kill("SIGTERM");
    await once(socat, "exit");
  }
}

async function poll(line: string, seconds: number): Promise<ModbusCycle> {
  const driver = spawn(
    process.execPath,
    ["--import", "tsx", join(ROOT, "edge-agent/bench/modbus-line.ts"), line, String(seconds), BAUD],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  let text = "";
  driver.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()));
  const [code] = (await once(driver, "close")) as [number | null];
  if (code !== 0) throw new Error(`the drivers on the Modbus line ended with exit code ${code}`);
  const seen = JSON.parse(text) as {
    readonly cycle_p50_ms: number;
    readonly cycle_p99_ms: number;
    readonly limit_ms: number;
    readonly failures: number;
  };
  if (seen.failures > 0) throw new Error(`${seen.failures} exchanges failed on the Modbus line`);
  return { cycleMs: seen.cycle_p50_ms, cycleP99Ms: seen.cycle_p99_ms, lineMs: seen.limit_ms };
}
