import { spawn } from "node:child_process";
import { join } from "node:path";
import { createSerialCable } from "./serial-cable.ts";
import { until } from "./until.ts";

/** The built program: it starts several times as fast as its source. */
const SIMULATOR = join(import.meta.dirname, "../../../dist/firmware-sim/main.mjs");

export type Line = Readonly<Record<string, unknown>> & { readonly event: string };

/** A simulated device, run as the program that people run; told by typed lines what happens to it. */
export async function startSimDevice(kind: string, args: readonly string[]) {
  const child = spawn(process.execPath, [SIMULATOR, "device", kind, ...args], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  const lines: Line[] = [];
  let pending = "";
  let errors = "";
  let gone = false;
  child.stdout.on("data", (chunk: Buffer) => {
    pending += chunk.toString();
    const whole = pending.split("\n");
    pending = whole.pop() ?? "";
    for (const line of whole) lines.push(JSON.parse(line) as Line);
  });
  child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  child.on("close", () => (gone = true));
  const ready = (): boolean => lines.some(({ event }) => event === "ready");
  await until(() => ready() || gone, "the simulated device", 30_000);
  if (gone) throw new Error(`the simulated device ended: ${errors}`);

  /** Types a line, and waits until the device has said something to it. */
  async function tell(command: string): Promise<Line> {
    const before = lines.length;
    const answered = (): Line | undefined =>
      lines.slice(before).find(({ event }) => event === "did" || event === "state" || event === "refused");
    child.stdin.write(`${command}\n`);
    await until(() => answered() !== undefined, `an answer to ${command}`);
    const answer = answered();
    if (answer === undefined || answer.event === "refused")
      throw new Error(`${command}: ${JSON.stringify(answer)}`);
    return answer;
  }

  return {
    lines,
    tell,
    named: (event: string): Line[] => lines.filter((line) => line.event === event),
    port: lines.find(({ event }) => event === "ready")?.["port"],
    /** How a relay has moved so far: true for each time it pulled in, false for each time it let go. */
    moves: (relay: string): boolean[] =>
      lines
        .filter((line) => line.event === "relay" && line["relay"] === relay)
        .map((line) => line["on"] === true),
    async stop(): Promise<void> {
      if (!gone) child.stdin.write("quit\n");
      await until(() => gone, `the simulated ${kind} to end`);
    },
  };
}

export type SimDevice = Awaited<ReturnType<typeof startSimDevice>>;

/** A serial cable with an agent at one end and a simulated device at the other. */
export async function layCable() {
  const cable = await createSerialCable();
  return { ...cable, agent: cable.near, device: cable.far };
}
