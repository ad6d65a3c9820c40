import { randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { startProgram, type Program, type ProgramOptions } from "../site/program.ts";
import { ARM_MS, BenchLane, noDelay } from "./bench-lane.ts";

/** Programs and measures that the benches of the running gate share. */

export const ROOT = resolve(import.meta.dirname, "../..");
const FACILITY = "bench";
const WARM_UP_MS = 3_000;
/** The agent's timers are set short, so that a lane can serve a vehicle every few hundred milliseconds. */
const TIMERS = { arm_ms: ARM_MS, read_ms: 1_000, back_ms: 500, clear_ms: 40 };

const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** Writes the configuration of an agent with these entry lanes, each with a board and a camera of its name. */
export function layOut(folder: string, mqttUrl: string, lanes: readonly string[]): string {
  const file = join(folder, "edge.yaml");
  const config = {
    facility: {
      id: randomUUID(),
      slug: FACILITY,
      name: "Bench",
      time_zone: "UTC",
      currency: "EUR",
      capacity: 1_000_000,
    },
    data_dir: join(folder, "edge"),
    http: { host: "127.0.0.1", port: 0 },
    mqtt: { url: mqttUrl },
    tariff: { id: "bench", version: 1, document: { flat: { price: 1 } } },
    boards: lanes.map((name) => ({ name, driver: "mqtt" })),
    cameras: lanes.map((name) => ({ name: `${name}-cam`, driver: "mqtt" })),
    lanes: lanes.map((name) => ({
      name,
      title: name,
      direction: "entry",
      camera: `${name}-cam`,
      barrier: { board: name, number: 1, pulse_ms: 200, rated_ms: 1_000 },
      inputs: { arming: "in1", safety: "in2", closing: "in3", open_limit: "in4", closed_limit: "in5" },
      timers: TIMERS,
    })),
  };
  writeFileSync(file, JSON.stringify(config));
  return file;
}

/** Vehicles at all lanes, `rate` a second in all; what comes before the warm-up is over is not measured. */
export async function measureGate(
  url: string,
  lanes: readonly string[],
  rate: number,
  seconds: number,
): Promise<BenchLane[]> {
  const benches = await Promise.all(
    lanes.map(async (name) => new BenchLane(FACILITY, name, await noDelay(url))),
  );
  for (const lane of benches) await lane.start();
  const heartbeat = setInterval(() => {
    for (const lane of benches) lane.heartbeat();
  }, 1_000);
  await sleep(1_500);
  const gapMs = (lanes.length / rate) * 1_000;
  const startMs = performance.now() + 100;
  const endMs = startMs + WARM_UP_MS + seconds * 1_000;
  await Promise.all(
    benches.map(async (lane, i) => {
      for (let n = 0; ; n++) {
        const dueMs = startMs + (n + i / lanes.length) * gapMs;
        if (dueMs > endMs) return;
        await sleep(Math.max(0, dueMs - performance.now()));
        await lane.serve(`B${i}N${String(n).padStart(6, "0")}`, dueMs > startMs + WARM_UP_MS);
      }
    }),
  );
  clearInterval(heartbeat);
  for (const lane of benches) await lane.client.endAsync();
  return benches;
}

/** The same messages through the bare program; milliseconds each. */
export async function measureFloor(url: string, rate: number, seconds: number): Promise<number[]> {
  const client = await noDelay(url);
  await client.subscribeAsync("floor/cmd", { qos: 1 });
  const sent = new Map<string, number>();
  const latencies: number[] = [];
  client.on("message", (_topic, payload) => {
    const sentMs = sent.get(payload.toString());
    if (sentMs !== undefined) latencies.push(performance.now() - sentMs);
  });
  const startMs = performance.now();
  for (let n = 0; n < rate * (seconds + WARM_UP_MS / 1_000); n++) {
    await sleep(Math.max(0, startMs + (n * 1_000) / rate - performance.now()));
    const text = JSON.stringify({
      event_id: randomUUID(),
      plate: `B0N${n}`,
      confidence: 0.97,
      direction: "towards",
    });
    if (performance.now() > startMs + WARM_UP_MS) sent.set(text, performance.now());
    client.publish("floor/plate", text, { qos: 1 });
  }
  await sleep(500);
  await client.endAsync();
  return latencies;
}

export function rssMb(pid: number): number {
  const kb = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kb) / 1024;
}

/** Processor time that a process has used so far, in seconds. @param withEnded and those that it started, once they ended. */
export function cpuSeconds(pid: number, withEnded = false): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  // utime and stime, then cutime and cstime, fields 14 to 17 of proc(5), in ticks of which Linux has a hundred a second.
  const ticks = fields.slice(11, withEnded ? 15 : 13).map(Number);
  return ticks.reduce((sum, n) => sum + n, 0) / 100;
}

export type Programs = {
  readonly folder: string;
  readonly run: (
    name: string,
    file: string,
    args: readonly string[],
    more?: Partial<ProgramOptions>,
  ) => Program;
};

/** Runs a bench with a folder of its own; whatever it started is stopped, and the folder removed. */
export async function withPrograms(
  bench: string,
  body: (programs: Programs) => Promise<void>,
): Promise<void> {
  mkdirSync(join(ROOT, ".parkme"), { recursive: true });
  const folder = mkdtempSync(join(ROOT, ".parkme", `bench-${bench}-`));
  const started: Program[] = [];
  try {
    await body({
      folder,
      run: (name, file, args, more = {}) => {
        const logFile = join(folder, `${name}.log`);
        const program = startProgram({ name, file: join(ROOT, file), args, logFile, ...more });
        started.push(program);
        return program;
      },
    });
  } finally {
    for (const program of started.toReversed()) await program.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Starts the broker and the floor's program, and measures it. */
export async function floorOf({ run, folder }: Programs, rate: number, seconds: number) {
  const broker = run("broker", "dist/edge-agent/broker.mjs", [], { env: { PARKME_MQTT_PORT: "0" } });
  const url = `mqtt://127.0.0.1:${await broker.ready}`;
  process.stderr.write(`floor: ${seconds} s at ${rate}/s ...\n`);
  const floor = run("floor", "edge-agent/bench/gate-floor.ts", [url, join(folder, "floor.db")], {
    nodeArgs: ["--import", "tsx"],
  });
  await floor.ready;
  const floors = await measureFloor(url, rate, seconds);
  await floor.stop();
  return { url, floors };
}
